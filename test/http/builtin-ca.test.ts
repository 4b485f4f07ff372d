import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${certedge().url}${path}`, { headers });

describe("What others need of the built-in CA", () => {
  it("is at the addresses that its certificates name, for anybody", async () => {
    const name = uniqueName("ca");
    await request(admin()).post("/api/domains", { fqdn: name, record_ip: "192.0.2.1" });
    await request(admin()).post("/api/certificates/create?wait=60", { domain: name });
    const { text } = await request(admin()).get(`/api/certificates/${name}/download?format=cert`);
    const { infoAccess = "" } = new X509Certificate(text);
    const [, path = ""] = /URI:http:\/\/[^/]+(\/ca\/[a-z0-9]+)\.crt/.exec(infoAccess) ?? [];
    const issuer = await get(`${path}.crt`);
    expect(issuer.headers.get("content-type")).toBe("application/pkix-cert");
    const certificate = new X509Certificate(Buffer.from(await issuer.arrayBuffer()));
    expect(new X509Certificate(text).checkIssued(certificate)).toBe(true);
    const root = new X509Certificate(await (await get("/ca/root.pem")).text());
    expect(certificate.checkIssued(root)).toBe(true);
    const list = await get(`${path}.crl`);
    expect([list.status, list.headers.get("content-type")]).toEqual([200, "application/pkix-crl"]);
    expect((await get("/ca/root.crl")).status).toBe(200);
    const der = await get("/ca/root.crt");
    expect(new X509Certificate(Buffer.from(await der.arrayBuffer())).fingerprint256).toBe(root.fingerprint256);
  });

  it("tells how each system comes to trust its root", async () => {
    const text = await (await get("/ca", { accept: "text/html" })).text();
    for (const words of ["/ca/root.pem", "update-ca-certificates", "keytool"]) expect(text).toContain(words);
  });

  it("is not there for an issuer that there is none of", async () => {
    for (const path of ["/ca/nobody.crt", "/ca/nobody.crl", "/ca/..%2fx.crl", "/ca/root.key"]) {
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    }
  });

  it("is listed for administrators, the issuer that signs first, with no key", async () => {
    const { status, json, text } = await request(admin()).get("/api/admin/builtin-ca");
    expect([status, json.issuers[0].signs]).toEqual([200, true]);
    expect(text).not.toContain("PRIVATE");
    const refused = await request(admin()).post("/api/admin/builtin-ca/import", {
      chain_pem: "x",
      private_key_pem: "y",
    });
    expect([refused.status, refused.json.errors[0].pointer]).toEqual([422, "/private_key_pem"]);
  });
});
