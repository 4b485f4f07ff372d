import { describe, expect, it } from "vitest";
import { signAlibaba } from "../../../src/dns/providers/alidns-signature";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { alidnsFake } from "./alidns.fake";

describeProvider("Alibaba Cloud DNS", alidnsFake);

describe("Alibaba Cloud DNS's own ways", () => {
  let fake: ReturnType<typeof alidnsFake>;
  holdContract(() => fake);

  function connect(more: Record<string, string> = {}) {
    fake = alidnsFake();
    for (const zone of ["example.com", "xn--bcher-kva.example"]) fake.addZone(zone);
    return connectTo({ ...fake, credentials: { ...fake.credentials, ...more } });
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 600 };
  const error = (status: number, Code: string) => ({ status, body: JSON.stringify({ Code, Message: "so" }) });

  it("calls an international zone by its own name for it", async () => {
    const connection = connect();
    await connection.add("xn--bcher-kva.example", { ...txt, name: "a.xn--bcher-kva.example" });
    expect((await fake.look("a.xn--bcher-kva.example", "TXT")).contents).toEqual(['"v"']);
  });

  it("leaves records of other lines alone, and those of longer names", async () => {
    const connection = connect();
    const others = ["192.0.2.1", "192.0.2.2"];
    fake.put("example.com", { name: "www.example.com", type: "A", contents: others, ttl: 600 });
    fake.lines.set(1, "telecom");
    fake.put("example.com", { name: "www.www.example.com", type: "A", contents: others, ttl: 600 });
    await connection.replace("example.com", { name: "www.example.com", type: "A", values: ["192.0.2.3"], ttl: 600 });
    expect((await fake.look("www.example.com", "A")).contents).toEqual(["192.0.2.1", "192.0.2.3"]);
    expect((await fake.look("www.www.example.com", "A")).contents).toEqual(others);
  });

  it.each(["add", "remove"] as const)("takes what another has done in the meantime for its own: %s", async (write) => {
    const connection = connect();
    if (write === "remove") await connection.add("example.com", txt);
    fake.api.fail(error(400, write === "add" ? "DomainRecordDuplicate" : "DomainRecordNotBelongToUser"), {
      on: "writes",
    });
    await connection[write]("example.com", txt);
    expect(fake.api.waits).toEqual([]);
  });

  it.each([
    [400, "Throttling.User", "rate_limited"],
    [403, "Forbidden.RAM", "credential"],
    [400, "SignatureDoesNotMatch", "credential"],
    [400, "InvalidDomainName.NoExist", "zone_not_found"],
    [404, "InvalidAction.NotFound", "refused"],
  ])("reads %i %s as %s", async (status, code, kind) => {
    const connection = connect();
    fake.api.fail(error(status, code), { times: 4 });
    await expect(connection.zones?.()).rejects.toMatchObject({ kind, detail: expect.stringContaining(`so (${code})`) });
  });

  it("signs the token of temporary credentials", async () => {
    expect(await connect({ security_token: "token-fN3kq8" }).zones?.()).toHaveLength(2);
  });
});

describe("Alibaba Cloud's signature", () => {
  it("is that of its documentation", async () => {
    const query = "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai";
    const headers = await signAlibaba(
      {
        method: "POST",
        url: new URL(`https://ecs.cn-shanghai.aliyuncs.com/?${query}`),
        headers: { accept: "application/json", "x-acs-action": "RunInstances", "x-acs-version": "2014-05-26" },
        body: undefined,
      },
      { accessKeyId: "YourAccessKeyId", accessKeySecret: "YourAccessKeySecret" },
      { now: Date.UTC(2023, 9, 26, 10, 22, 32), nonce: "3156853299f313e23d1673dc12e1703d" },
    );
    expect(headers.authorization).toBe(
      "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
    );
  });
});
