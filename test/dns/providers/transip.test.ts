import { createPrivateKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { transipFake } from "./transip.fake";

describeProvider("TransIP", transipFake);

describe("TransIP's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  function connect(change: (key: string) => string = (key) => key) {
    fake = transipFake();
    fake.addZone("example.com");
    const private_key = change(fake.credentials.private_key ?? "");
    return connectTo({ ...fake, credentials: { ...fake.credentials, private_key } });
  }

  const host = { name: "home.example.com", type: "A" as const, ttl: 60 };
  const methods = (from: number) => fake.api.requests.slice(from).map((line) => line.split(" ")[0]);

  it("changes a lone entry in place, so that the name is never without one", async () => {
    const connection = connect();
    await connection.replace("example.com", { ...host, values: ["192.0.2.1"] });
    const before = fake.api.requests.length;
    await connection.replace("example.com", { ...host, values: ["192.0.2.2", "192.0.2.3"] });
    expect(methods(before)).toEqual(["GET", "PATCH", "POST"]);
    expect((await fake.look(host.name, "A")).contents).toEqual(["192.0.2.2", "192.0.2.3"]);
  });

  it("makes entries anew where it could not say which one is meant", async () => {
    const connection = connect();
    await connection.replace("example.com", { ...host, values: ["192.0.2.1", "192.0.2.2"] });
    await connection.replace("example.com", { ...host, ttl: 300, values: ["192.0.2.3", "192.0.2.4"] });
    expect(await fake.look(host.name, "A")).toEqual({ contents: ["192.0.2.3", "192.0.2.4"], ttl: 300 });
  });

  it("waits while another change of the domain is under way", async () => {
    const connection = connect();
    fake.api.fail({ status: 409, body: '{"error":"actions are locked"}' }, { on: "writes" });
    await connection.replace("example.com", { ...host, values: ["192.0.2.1"] });
    expect(fake.api.waits).toEqual([500]);
  });

  it("signs in once for all requests of a connection, and anew when its token is refused", async () => {
    const connection = connect();
    const logins = () => fake.api.requests.filter((line) => line === "POST /v6/auth").length;
    await Promise.all([connection.zones?.(), connection.replace("example.com", { ...host, values: ["192.0.2.1"] })]);
    expect(logins()).toBe(1);
    fake.api.fail({ status: 401, body: '{"error":"Your access token has been revoked."}' });
    await connection.zones?.();
    expect(logins()).toBe(2);
  });

  it("signs in with another nonce when it does not know what became of the first", async () => {
    const connection = connect();
    fake.api.fail("breaks after");
    expect(await connection.zones?.()).toEqual(["example.com"]);
  });

  it("takes a key in the older form, too", async () => {
    const older = (key: string) => String(createPrivateKey(key).export({ type: "pkcs1", format: "pem" }));
    expect(await connect(older).zones?.()).toEqual(["example.com"]);
  });

  it("says that a key is none before it asks anybody", async () => {
    const connection = connect(() => "-----BEGIN PUBLIC KEY-----");
    await expect(connection.zones?.()).rejects.toMatchObject({
      kind: "credential",
      detail: "The private key is no RSA key in PEM.",
    });
    expect(fake.api.requests).toEqual([]);
  });
});
