import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { type InwxOptions, inwxFake } from "./inwx.fake";

describeProvider("INWX", inwxFake);

describe("INWX's own ways", () => {
  let fake: ReturnType<typeof inwxFake>;
  holdContract(() => fake);

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 300 };
  /** RFC 6238's secret at the fake's time, 2026-01-15T00:00:00Z. */
  const TAN = "869350";

  function connect(options: InwxOptions = {}) {
    fake = inwxFake(options);
    fake.addZone("example.com");
    return connectTo(fake);
  }

  it("logs in once for all that it does", async () => {
    const connection = connect();
    await connection.add("example.com", txt);
    await connection.remove("example.com", txt);
    expect(fake.api.requests).toHaveLength(1 + 2 + 1);
  });

  it("logs in again when its session has ended", async () => {
    const connection = connect();
    await connection.add("example.com", txt);
    fake.forgetSessions();
    await connection.remove("example.com", txt);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual([]);
  });

  it("passes the second factor with the code of this half minute", async () => {
    expect(await connect({ tan: TAN }).zones?.()).toEqual(["example.com"]);
  });

  it("that refuses a code is asked again with the next one, half a minute later; nobody calls the password wrong", async () => {
    const connection = connect({ tan: "000000" });
    fake.api.latency = 7_000;
    await expect(connection.zones?.()).rejects.toMatchObject({
      kind: "rate_limited",
      retryAfter: Date.UTC(2026, 0, 15, 0, 0, 30),
      detail: expect.stringMatching(
        /it was used already, or the shared secret is wrong\. The next one is there in 16 s\.$/,
      ),
    });
    expect(fake.api.requests).toHaveLength(2);
  });

  it("takes the shared secret as people copy it, and says where it is none", async () => {
    connect({ tan: TAN });
    const zonesBy = (shared_secret: string) =>
      connectTo({ ...fake, credentials: { ...fake.credentials, shared_secret } }).zones?.();
    expect(await zonesBy("gezd gnbv gy3t qojq-gezd gnbv gy3t qojq")).toEqual(["example.com"]);
    await expect(zonesBy("password 1")).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringContaining("not the base32"),
    });
  });

  it("asks for the shared secret of an account that has a second factor", async () => {
    connect({ tan: TAN });
    const { username = "", password = "" } = fake.credentials;
    await expect(connectTo({ ...fake, credentials: { username, password } }).zones?.()).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringContaining("give its shared secret"),
    });
  });

  it("leaves zones alone that it only copies, and sees the second hundred", async () => {
    const connection = connect({ slaves: ["example.com"] });
    for (let count = 0; count < 130; count++) fake.addZone(`zone-${count}.example`);
    const zones = await connection.zones?.();
    expect(zones).toHaveLength(130);
    expect(zones).not.toContain("example.com");
  });

  it("counts a record that another has made in the meantime as made", async () => {
    const connection = connect();
    fake.api.fail({ status: 200, body: '{"code":2302,"msg":"Object exists"}' }, { on: "writes" });
    await connection.add("example.com", txt);
    expect(fake.api.requests).toHaveLength(3);
  });

  it("waits where there are too many sessions", async () => {
    const connection = connect();
    fake.api.fail({ status: 200, body: '{"code":2502,"msg":"Session limit exceeded; server closing connection"}' });
    await connection.add("example.com", txt);
    expect(fake.api.waits).toEqual([500]);
  });

  it("tells the reason beside the message", async () => {
    const connection = connect();
    const body = JSON.stringify({ code: 2400, msg: "Command failed", reasonCode: "X", reason: "the zone is locked" });
    fake.api.fail({ status: 200, body }, { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("Command failed: the zone is locked (2400)"),
    });
  });
});
