import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import { NAME, webhookFake } from "./webhook.fake";

const txt = (value: string, name = NAME) => ({ name, type: "TXT" as const, value, ttl: 60 });

describe("The webhook", () => {
  let fake: ReturnType<typeof webhookFake>;
  holdContract(() => ({ violations: () => fake.api.violations }) as never);

  it.each([{ open: false }, { open: true }])("is told what to set and what to remove, with %j", async (options) => {
    fake = webhookFake(options);
    const connection = fake.connect();
    expect(await connection.zones?.()).toEqual(["example.com", "example.org"]);
    await connection.add("example.com", txt("first"));
    await connection.add("example.com", txt("second"));
    await connection.remove("example.com", txt("first"));
    expect([...fake.held]).toEqual([`${NAME}. second`]);
  });

  it("in its mode RAW is told the challenge, and never the value", async () => {
    fake = webhookFake();
    const challenge = { domain: "example.com", token: "token", keyAuthorization: "token.thumbprint" };
    const connection = fake.connect({ mode: "RAW" });
    await connection.add("example.com", { ...txt("first"), challenge });
    expect([...fake.held]).toEqual(["example.com token token.thumbprint"]);
    await connection.remove("example.com", { ...txt("first"), challenge });
    expect([...fake.held]).toEqual([]);
  });

  it("in its mode RAW is not asked for a value that is of no challenge", async () => {
    fake = webhookFake();
    const standing = fake.connect({ mode: "RAW" }).add("example.com", txt("value", "_validation-persist.example.com"));
    await expect(standing).rejects.toMatchObject({ kind: "refused", detail: expect.stringContaining("dns-01 alone") });
    expect(fake.api.requests).toEqual([]);
  });

  it("has no other mode", () => {
    fake = webhookFake();
    expect(() => fake.connect({ mode: "raw" })).toThrow(/mode/);
  });

  it("that has removed the value already has done what was asked", async () => {
    fake = webhookFake();
    await fake.connect().remove("example.com", txt("gone"));
    expect(fake.api.requests).toHaveLength(1);
  });

  it("is told again when nobody knows whether it has acted", async () => {
    fake = webhookFake();
    fake.api.fail("breaks after");
    await fake.connect().add("example.com", txt("value"));
    expect([...fake.held]).toEqual([`${NAME}. value`]);
  });

  it("that refuses the password is asked once, and the password is told to nobody", async () => {
    fake = webhookFake();
    const password = "password-of-another";
    const failure = await fake
      .connect({ password })
      .add("example.com", txt("value"))
      .catch((error) => error);
    expect(failure.kind).toBe("credential");
    expect(failure.message).not.toContain(password);
    expect(fake.api.requests).toHaveLength(1);
  });

  it("is not asked for zones of others, nor for host names", async () => {
    fake = webhookFake();
    const connection = fake.connect();
    const other = connection.add("example.net", txt("value", "_acme-challenge.example.net"));
    await expect(other).rejects.toMatchObject({ kind: "zone_not_found" });
    const host = { name: "www.example.com", type: "A" as const, values: ["192.0.2.1"], ttl: 60 };
    await expect(connection.replace("example.com", host)).rejects.toMatchObject({ kind: "refused" });
    expect(fake.api.requests).toEqual([]);
  });

  it.each(["example", "example.com;example.org", "", "https://example.com"])(
    "does not take %j for a list of zones",
    (zones) => {
      fake = webhookFake();
      expect(() => fake.connect({ zones })).toThrow(/zones/);
    },
  );
});
