import { describe, expect, it } from "vitest";
import { signTencent } from "../../../src/dns/providers/tencentcloud-signature";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { tencentcloudFake } from "./tencentcloud.fake";

describeProvider("Tencent Cloud", tencentcloudFake);

describe("Tencent Cloud's own ways", () => {
  let fake: ReturnType<typeof tencentcloudFake>;
  holdContract(() => fake);

  function connect(statuses: Record<string, string> = {}, more: Record<string, string> = {}) {
    fake = tencentcloudFake(statuses);
    for (const zone of ["example.com", "xn--bcher-kva.example"]) fake.addZone(zone);
    return connectTo({ ...fake, credentials: { ...fake.credentials, ...more } });
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 600 };
  const error = (Code: string) => ({
    status: 200,
    body: JSON.stringify({ Response: { Error: { Code, Message: "so" }, RequestId: "1" } }),
  });

  it("leaves zones alone that are paused", async () => {
    expect(await connect({ "example.com": "PAUSE" }).zones?.()).toEqual(["xn--bcher-kva.example"]);
  });

  it("calls an international zone by its own name for it", async () => {
    const connection = connect();
    await connection.add("xn--bcher-kva.example", { ...txt, name: "a.xn--bcher-kva.example" });
    expect((await fake.look("a.xn--bcher-kva.example", "TXT")).contents).toEqual(['"v"']);
  });

  it("leaves records of other lines alone", async () => {
    const connection = connect();
    fake.put("example.com", { name: "www.example.com", type: "A", contents: ["192.0.2.1", "192.0.2.2"], ttl: 600 });
    fake.lines.set(1, "10=0");
    await connection.replace("example.com", { name: "www.example.com", type: "A", values: ["192.0.2.3"], ttl: 600 });
    expect((await fake.look("www.example.com", "A")).contents).toEqual(["192.0.2.1", "192.0.2.3"]);
  });

  it.each([
    ["add", "InvalidParameter.DomainRecordExist"],
    ["remove", "InvalidParameter.RecordIdInvalid"],
  ] as const)("takes what another has done in the meantime for its own: %s", async (write, code) => {
    const connection = connect();
    if (write === "remove") await connection.add("example.com", txt);
    fake.api.fail(error(code), { on: "writes" });
    await connection[write]("example.com", txt);
    expect(fake.api.waits).toEqual([]);
  });

  it.each([
    ["RequestLimitExceeded", "rate_limited"],
    ["AuthFailure.SecretIdNotFound", "credential"],
    ["UnauthorizedOperation", "credential"],
    ["InternalError", "unavailable"],
    ["ResourceNotFound.NoDataOfDomain", "zone_not_found"],
    ["FailedOperation", "refused"],
  ])("reads %s, which comes as 200, as %s", async (code, kind) => {
    const connection = connect();
    fake.api.fail(error(code), { times: 4 });
    const writing = connection.add("example.com", txt);
    await expect(writing).rejects.toMatchObject({ kind, detail: expect.stringContaining(`so (${code})`) });
  });

  it("sends the token of temporary credentials", async () => {
    expect(await connect({}, { session_token: "token-fN3kq8" }).zones?.()).toHaveLength(2);
  });
});

describe("Tencent Cloud's signature", () => {
  it("is that of its documentation", async () => {
    const headers = await signTencent(
      {
        method: "POST",
        url: new URL("https://cvm.tencentcloudapi.com/"),
        headers: { "content-type": "application/json; charset=utf-8", "x-tc-action": "DescribeInstances" },
        body: '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}',
      },
      // The asterisks are part of it.
      { secretId: `AKID${"*".repeat(32)}`, secretKey: "*".repeat(32) },
      "cvm",
      1_551_113_065_000,
    );
    expect(headers).toEqual({
      "x-tc-timestamp": "1551113065",
      authorization: `TC3-HMAC-SHA256 Credential=AKID${"*".repeat(32)}/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host;x-tc-action, Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f`,
    });
  });
});
