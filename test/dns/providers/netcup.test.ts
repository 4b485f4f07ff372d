import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { netcupFake } from "./netcup.fake";

describeProvider("netcup", netcupFake);

describe("netcup's own ways", () => {
  let fake: ReturnType<typeof netcupFake>;
  holdContract(() => fake);

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const contents = async () => (await fake.look(txt.name, "TXT")).contents;
  const errors = (statuscode: number, longmessage: string) => ({
    status: 200,
    body: JSON.stringify({ status: "error", statuscode, longmessage, responsedata: "" }),
  });

  function connect() {
    fake = netcupFake();
    fake.addZone("example.com");
    return connectTo(fake);
  }

  it("logs in once for all that it does", async () => {
    const connection = connect();
    await connection.add("example.com", txt);
    await connection.remove("example.com", txt);
    expect(fake.api.requests).toHaveLength(1 + 2 + 1);
  });

  it("logs in again when its session has ended before its time, as often as that happens", async () => {
    const connection = connect();
    await connection.add("example.com", txt);
    for (const value of ["w", "x"]) {
      fake.endSessions();
      await connection.add("example.com", { ...txt, value });
    }
    expect(await contents()).toEqual(['"v"', '"w"', '"x"']);
  });

  it("does not call the credential wrong when every session ends at once", async () => {
    const connection = connect();
    fake.api.fail(errors(4001, "The session id is not in a valid format."), { times: 100, on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "unavailable",
      detail: expect.stringContaining("ended at once"),
    });
    expect(fake.api.requests.length).toBeLessThan(10);
  });

  it("logs in once for requests at the same time, also where that fails", async () => {
    const connection = connect();
    fake.api.fail(errors(4013, "The login to the API failed."));
    const asked = ["example.com", "example.net"].map((name) => connection.hasZone?.(name));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(fake.api.requests).toHaveLength(1);
  });

  it("waits when it is told of too many requests in a minute", async () => {
    const connection = connect();
    fake.api.fail(errors(4013, "More than 180 requests per minute. Please wait and retry later."), { times: 2 });
    expect(await connection.hasZone?.("example.com")).toBe(true);
    expect(fake.api.waits).toEqual([500, 1000]);
  });

  it("writes quotes and backslashes as its name server needs them, and finds them again", async () => {
    const connection = connect();
    const value = 'a "quoted" word, a \\ backslash';
    for (let times = 0; times < 2; times++) await connection.add("example.com", { ...txt, value });
    expect(await contents()).toHaveLength(1);
    await connection.remove("example.com", { ...txt, value });
    expect(await contents()).toEqual([]);
  });

  it("tells the long message of a refusal", async () => {
    const connection = connect();
    fake.api.fail(errors(4013, "the host must not be empty"), { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("the host must not be empty (4013)"),
    });
  });
});
