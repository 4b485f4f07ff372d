import { describe, expect, it } from "vitest";
import { ovhSignature } from "../../../src/dns/providers/ovh";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { ovhFake } from "./ovh.fake";

describeProvider("OVHcloud by keys", ovhFake);

describe("OVHcloud's own ways", () => {
  let fake: ReturnType<typeof ovhFake>;
  holdContract(() => fake);

  function connect(options: Parameters<typeof ovhFake>[0] = {}, credentials?: Record<string, string>) {
    fake = ovhFake(options);
    fake.addZone("example.com");
    return connectTo({ ...fake, credentials: credentials ?? fake.credentials });
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const sent = (start: string) => fake.api.requests.filter((line) => line.startsWith(start));

  it("publishes what it has written", async () => {
    const connection = connect();
    await connection.add("example.com", txt);
    expect(fake.unpublished.size).toBe(0);
    await connection.replace("example.com", { ...txt, values: ["w", "x"] });
    expect(fake.unpublished.size).toBe(0);
    await connection.remove("example.com", { ...txt, value: "w" });
    expect(fake.unpublished.size).toBe(0);
  });

  it("publishes the values of many names at once", async () => {
    const connection = connect();
    const values = ["a", "b", "c"].map((label) => ({ ...txt, name: `${label}.example.com` }));
    await connection.addAll?.("example.com", values);
    await connection.removeAll?.("example.com", values.slice(1));
    expect(sent("POST /1.0/domain/zone/example.com/refresh")).toHaveLength(2);
    expect((await fake.look("a.example.com", "TXT")).contents).toEqual(['"v"']);
    expect((await fake.look("c.example.com", "TXT")).contents).toEqual([]);
    expect(fake.unpublished.size).toBe(0);
  });

  it("publishes later what an earlier try could not", async () => {
    const connection = connect();
    fake.api.fail({ status: 204 }, { on: "writes" });
    fake.api.fail({ status: 500 }, { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({ kind: "unavailable" });
    await connection.add("example.com", txt);
    await connection.add("example.com", txt);
    expect(sent("POST /1.0/domain/zone/example.com/refresh")).toHaveLength(3);
    expect(fake.unpublished.size).toBe(0);
  });

  it("does not ask for the time, unless its own is wrong: then once", async () => {
    await connect().zones?.();
    expect(sent("GET /1.0/auth/time")).toEqual([]);
    const connection = connect({ ahead: -3600 });
    expect(await connection.zones?.()).toEqual(["example.com"]);
    await connection.add("example.com", txt);
    expect(sent("GET /1.0/auth/time")).toHaveLength(1);
  });

  it("says which right a consumer key lacks", async () => {
    const connection = connect();
    const body = JSON.stringify({ errorCode: "NOT_GRANTED_CALL", message: "This call has not been granted" });
    fake.api.fail({ status: 403, body }, { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringMatching(/DELETE on \/domain\/zone.*This call has not been granted/),
    });
  });

  it("works by a service account, too", async () => {
    const connection = connect({}, ovhFake().client);
    await connection.add("example.com", txt);
    await connection.remove("example.com", txt);
    expect(sent("POST /auth/oauth2/token")).toHaveLength(1);
  });

  it.each([
    [{ endpoint: "ovh-mars" }, 'endpoint: Invalid option: expected one of "ovh-eu"'],
    [
      { application_key: "a", consumer_key: "fN3kq8ZsV1" },
      "It takes application_key, application_secret and consumer_key",
    ],
    [{ endpoint: "kimsufi-eu", client_id: "a", client_secret: "fN3kq8ZsV1" }, "at ovh-eu"],
  ] as [Record<string, string>, string][])("says what is missing in %j", (credentials, words) => {
    expect(() => connect({}, credentials)).toThrow(words);
  });
});

describe("OVHcloud's signature", () => {
  // The keys and signatures of go-ovh's tests; the keys have been revoked.
  const keys = {
    application: "TDPKJdwZwAQPwKX2",
    secret: "9ufkBmLaTQ9nz5yMUlg79taH0GNnzDjk",
    consumer: "5mBuy6SUQcRw2ZUxg0cG68BoDKpED4KY",
  };
  const url = new URL("https://api.eu.ovhcloud.com/1.0/auth");

  it.each([
    ["GET", undefined, "$1$52992e595b398f6aba591ee5925b379081614ced"],
    ["POST", '{"a":"b","c":"d"}', "$1$ea0e0d82447373a3ddf5947065f1d519ca0bcaf2"],
    ["PUT", '{"a":"b","c":"d"}', "$1$0fdc3ed192ffbf3d1be414dbb733bbb7729500ee"],
    ["DELETE", undefined, "$1$f685c165fa9da88b294b5fd2504588588105f994"],
  ])("is that of its own client: %s", async (method, body, signature) => {
    expect(await ovhSignature({ method, url, body }, keys, 1_457_018_875)).toBe(signature);
  });
});
