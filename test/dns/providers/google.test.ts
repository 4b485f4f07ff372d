import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { googleFake } from "./google.fake";

describeProvider("Google Cloud DNS", googleFake);

describe("Google Cloud DNS's own ways", () => {
  let fake: ReturnType<typeof googleFake>;
  holdContract(() => fake);

  function connect(options: Parameters<typeof googleFake>[0] = {}, more: Record<string, string> = {}) {
    fake = googleFake(options);
    for (const zone of ["example.com", "example.net"]) fake.addZone(zone);
    return connectTo({ ...fake, credentials: { ...fake.credentials, ...more } });
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const sent = (start: string) => fake.api.requests.filter((line) => line.startsWith(start));
  const error = (code: number, reason: string) => ({
    status: code,
    body: JSON.stringify({ error: { code, message: "so", errors: [{ reason }] } }),
  });

  it("leaves private zones alone", async () => {
    const connection = connect({ visibility: { "example.com": "private" } });
    expect(await connection.zones?.()).toEqual(["example.net"]);
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({ kind: "zone_not_found" });
  });

  it("asks which of two zones of one name is meant, and takes the managed zone for an answer", async () => {
    const ambiguous = connect({ twice: "example.com" });
    await expect(ambiguous.add("example.com", txt)).rejects.toMatchObject({
      detail: expect.stringContaining("name the managed_zone"),
    });
    const connection = connect({ twice: "example.com" }, { managed_zone: "example-com" });
    await connection.add("example.com", txt);
    expect(await connection.zones?.()).toEqual(["example.com"]);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
  });

  it.each([
    [412, "conditionNotMet"],
    [409, "alreadyExists"],
    [404, "notFound"],
  ])("reads the set again when somebody else was quicker: %i %s", async (status, reason) => {
    const connection = connect();
    fake.api.fail(error(status, reason), { on: "writes" });
    await connection.add("example.com", txt);
    expect(sent("POST /dns/")).toHaveLength(2);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
  });

  it("loses no value of two that are added at once", async () => {
    const connection = connect();
    await Promise.all(["v", "w", "x"].map((value) => connection.add("example.com", { ...txt, value })));
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"', '"w"', '"x"']);
  });

  it("writes the values of many names in one change", async () => {
    const connection = connect();
    const names = ["a", "b", "*"].map((label) => `${label}.example.com`);
    const values = names.flatMap((name) => ["v", "w"].map((value) => ({ ...txt, name, value })));
    await connection.addAll?.("example.com", values);
    for (const name of names) expect((await fake.look(name, "TXT")).contents).toEqual(['"v"', '"w"']);
    await connection.removeAll?.("example.com", values.slice(1));
    expect((await fake.look("a.example.com", "TXT")).contents).toEqual(['"v"']);
    expect((await fake.look("*.example.com", "TXT")).contents).toEqual([]);
    expect(sent("POST /dns/")).toHaveLength(2);
  });

  it("waits where its 403 is a rate limit", async () => {
    const connection = connect();
    await connection.zones?.();
    fake.api.fail(error(403, "rateLimitExceeded"));
    await connection.add("example.com", txt);
    expect(fake.api.waits).toEqual([500]);
  });

  it("leaves a set with a routing policy alone", async () => {
    const connection = connect({ policy: txt.name });
    fake.put("example.com", { name: txt.name, type: "TXT", contents: ['"v"'], ttl: 60 });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("left alone"),
    });
  });

  it("fetches its token once, and anew shortly before it ends", async () => {
    const connection = connect();
    fake.lifetime = 60;
    await connection.add("example.com", txt);
    expect(sent("POST /token")).toHaveLength(1);
    fake.api.latency = 31_000;
    await connection.zones?.();
    await connection.zones?.();
    expect(sent("POST /token").length).toBeGreaterThan(1);
  });

  it.each([
    ["not JSON", "the whole document"],
    ["{}", "the whole document"],
    ['{"client_email":"a@b","private_key":"none","project_id":"p"}', "its key"],
  ])("says that a key is none before it asks anybody: %s", async (service_account_key) => {
    fake = googleFake();
    const ask = async () => connectTo({ ...fake, credentials: { service_account_key } }).zones?.();
    await expect(ask()).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringContaining("service account key"),
    });
    expect(fake.api.requests).toEqual([]);
  });
});
