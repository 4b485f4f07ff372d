import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { route53Fake } from "./route53.fake";

describeProvider("Route 53", route53Fake);

describe("Route 53's own ways", () => {
  let fake: ReturnType<typeof route53Fake>;
  holdContract(() => fake);

  function connect(options: Parameters<typeof route53Fake>[0] = {}, more: Record<string, string> = {}) {
    fake = route53Fake(options);
    for (const zone of ["example.com", "example.net"]) fake.addZone(zone);
    return connectTo({ ...fake, credentials: { ...fake.credentials, ...more } });
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const writes = () => fake.api.requests.filter((line) => line.startsWith("POST"));
  const error = (status: number, code: string, message = "so") => ({
    status,
    body: `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  });

  it("leaves private zones alone", async () => {
    const connection = connect({ about: { "example.com": { isPrivate: true } } });
    expect(await connection.zones?.()).toEqual(["example.net"]);
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({ kind: "zone_not_found" });
  });

  it("asks which of two zones of one name is meant, and takes the id for an answer", async () => {
    await expect(connect({ twice: "example.com" }).add("example.com", txt)).rejects.toMatchObject({
      kind: "zone_not_found",
      detail: expect.stringContaining("name the hosted_zone_id"),
    });
    const connection = connect({ twice: "example.com" }, { hosted_zone_id: "Z000000000000" });
    await connection.add("example.com", txt);
    expect(await connection.zones?.()).toEqual(["example.com"]);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
  });

  it.each([
    "[Tried to create resource record set but it already exists]",
    "[Tried to delete resource record set but it was not found]",
    "[Tried to delete resource record set but the values provided do not match the current values]",
  ])("reads the set again when somebody else was quicker: %s", async (message) => {
    const connection = connect();
    fake.api.fail(error(400, "InvalidChangeBatch", message), { on: "writes" });
    await connection.add("example.com", txt);
    expect(writes()).toHaveLength(2);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
  });

  it("gives up where somebody else is quicker again and again", async () => {
    const connection = connect();
    const stale = error(400, "InvalidChangeBatch", "[… but it already exists]");
    fake.api.fail(stale, { on: "writes", times: 10 });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({ kind: "unavailable" });
    expect(writes()).toHaveLength(5);
  });

  it("tells what else is wrong with a batch, also in the older form", async () => {
    const connection = connect();
    const body =
      "<InvalidChangeBatch><Messages><Message>RRSet of type CNAME conflicts</Message></Messages></InvalidChangeBatch>";
    fake.api.fail({ status: 400, body }, { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("RRSet of type CNAME conflicts"),
    });
  });

  it.each(["Throttling", "PriorRequestNotComplete"])("asks again when hurried: 400 %s", async (code) => {
    const connection = connect();
    fake.api.fail(error(400, code));
    await connection.add("example.com", txt);
    expect(fake.api.waits).toEqual([500]);
  });

  it.each([
    ["<SetIdentifier>a</SetIdentifier><Weight>1</Weight><TTL>60</TTL>"],
    [
      "<AliasTarget><HostedZoneId>Z1</HostedZoneId><DNSName>x.</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>",
    ],
  ])("leaves a set alone that is more than values: %s", async (xml) => {
    const connection = connect();
    await connection.replace("example.com", { ...txt, type: "A", values: ["192.0.2.1"] });
    fake.decorate(txt.name, xml);
    await expect(connection.replace("example.com", { ...txt, type: "A", values: ["192.0.2.2"] })).rejects.toMatchObject(
      {
        kind: "refused",
        detail: expect.stringContaining("left alone"),
      },
    );
  });

  it("has octal escapes, and finds them again", async () => {
    const connection = connect();
    for (let times = 0; times < 2; times++) await connection.add("example.com", { ...txt, value: 'ä "\\' });
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"\\303\\244 \\"\\\\"']);
    await connection.remove("example.com", { ...txt, value: 'ä "\\' });
    expect((await fake.look(txt.name, "TXT")).contents).toEqual([]);
  });

  it("has another server and signature in China, and one for all other regions", async () => {
    expect(await connect({ region: "cn-north-1" }).zones?.()).toHaveLength(2);
    expect(await connect({ region: "eu-central-1" }).zones?.()).toHaveLength(2);
  });

  it("signs the token of a session", async () => {
    expect(await connect({}, { session_token: "session-fN3kq8" }).zones?.()).toHaveLength(2);
  });

  describe("with a role", () => {
    const role = { arn: "arn:aws:iam::123456789012:role/certedge", externalId: "shared-with-ada" };
    const fields = { role_arn: role.arn, external_id: role.externalId };
    const sessions = () => fake.api.requests.filter((line) => line === "POST /").length;

    it("does all that it does by a session, which it opens once", async () => {
      const connection = connect({ role }, fields);
      expect(await connection.zones?.()).toHaveLength(2);
      await connection.add("example.com", txt);
      await connection.remove("example.com", txt);
      expect(sessions()).toBe(1);
    });

    it("opens another shortly before that ends", async () => {
      const connection = connect({ role }, fields);
      await connection.zones?.();
      fake.api.latency = 3_580_000;
      await connection.zones?.();
      fake.api.latency = 0;
      await connection.zones?.();
      expect(sessions()).toBe(2);
    });

    it("opens one for all that is asked at once", async () => {
      const connection = connect({ role }, fields);
      await Promise.all([connection.zones?.(), connection.zones?.(), connection.add("example.com", txt)]);
      expect(sessions()).toBe(1);
    });

    it("that is in China assumes it there", async () => {
      const arn = "arn:aws-cn:iam::123456789012:role/certedge";
      expect(await connect({ region: "cn-north-1", role: { arn } }, { role_arn: arn }).zones?.()).toHaveLength(2);
    });

    it.each([[{ external_id: "of-another" }], [{ role_arn: "arn:aws:iam::123456789012:role/other" }]])(
      "that it may not assume (%j) says so, and asks once",
      async (more) => {
        const failure = connect({ role }, { ...fields, ...more }).zones?.();
        await expect(failure).rejects.toMatchObject({
          kind: "credential",
          detail: expect.stringMatching(/It needs sts:AssumeRole .* is not authorized to perform: sts:AssumeRole/),
        });
        expect(fake.api.requests).toHaveLength(1);
      },
    );

    it("tells nobody the keys of a session", async () => {
      const connection = connect({ role }, fields);
      await connection.zones?.();
      fake.api.fail(error(400, "InvalidInput", "who is role-secret-1/x+Q with role-token-1==?"));
      const failure = await connection.zones?.().catch((reason) => reason);
      expect(failure.detail).toContain("who is *** with ***");
    });

    it.each([
      [{ role_arn: "certedge" }, /role_arn: Give the whole ARN/],
      [{ external_id: "shared-with-ada" }, /role_arn: The external_id is for a role/],
    ])("is not taken as %j", (more, words) => {
      expect(() => connect({}, more)).toThrow(words);
    });
  });

  it("writes the values of many names in one batch", async () => {
    const connection = connect();
    const names = ["a", "b", "*"].map((label) => `${label}.example.com`);
    const values = names.flatMap((name) => ["v", "w"].map((value) => ({ ...txt, name, value })));
    await connection.addAll?.("example.com", values);
    for (const name of names) expect((await fake.look(name, "TXT")).contents).toEqual(['"v"', '"w"']);
    await connection.removeAll?.("example.com", values.slice(1));
    expect((await fake.look("a.example.com", "TXT")).contents).toEqual(['"v"']);
    expect((await fake.look("*.example.com", "TXT")).contents).toEqual([]);
    expect(writes()).toHaveLength(2);
  });

  it("writes a value with three requests, and the next with two", async () => {
    const connection = connect();
    await connection.add("example.com", txt);
    expect(fake.api.requests).toHaveLength(3);
    await connection.add("example.com", { ...txt, value: "w" });
    expect(fake.api.requests).toHaveLength(5);
  });
});
