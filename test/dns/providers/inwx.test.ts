import { describe, expect, it } from "vitest";
import { totp } from "../../../src/dns/providers/inwx-totp";
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

  it("says what a refused code may mean, and does not call the password wrong", async () => {
    await expect(connect({ tan: "000000" }).zones?.()).rejects.toMatchObject({
      kind: "rate_limited",
      detail: expect.stringContaining("the code was used already, or the shared secret is wrong"),
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

  // RFC 6238 appendix B, the last six digits of SHA-1's eight.
  it.each<[number, string]>([
    [59, "287082"],
    [1111111109, "081804"],
    [1111111111, "050471"],
    [1234567890, "005924"],
    [2000000000, "279037"],
    [20000000000, "353130"],
  ])("makes the code that RFC 6238 has for the second %i", async (second, code) => {
    expect(await totp("gezd gnbv gy3t qojq gezd gnbv gy3t qojq", second * 1000)).toBe(code);
  });
});
