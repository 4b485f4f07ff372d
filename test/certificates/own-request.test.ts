/** Certificates for certificate requests that openssl made: their private keys are never here. */
import { X509Certificate } from "node:crypto";
import { afterAll, expect, it } from "vitest";
import { Openssl } from "../pki/openssl";
import { admin, request, uniqueName } from "../support/certedge";
import { describeWith } from "../support/tools";

const api = () => request(admin());
const create = (body: unknown, wait = 60) => api().post(`/api/certificates/create?wait=${wait}`, body);

describeWith(["openssl"], "a certificate request of the user's own", () => {
  const openssl = new Openssl();
  let made = 0;

  afterAll(() => openssl[Symbol.dispose]());

  interface Wish {
    names?: string[];
    commonName?: string;
    key?: string;
    flags?: string[];
    staple?: boolean;
  }

  /** In PEM, with the key that it is signed by, in PEM, too. */
  function requestFor({ names = [], commonName, key = "ec:P-256", flags = [], staple }: Wish) {
    made += 1;
    const file = openssl.key(`key-${made}.pem`, key);
    const alternative = names.length > 0 ? ["-addext", `subjectAltName=${names.map((name) => `DNS:${name}`)}`] : [];
    const extensions = [...alternative, ...(staple ? ["-addext", "tlsfeature=status_request"] : [])];
    const subject = ["-subj", commonName ? `/CN=${commonName}` : "/"];
    const csr = openssl.run("req", "-new", "-key", file, ...subject, ...extensions, ...flags);
    return { csr, key: openssl.text(file), file };
  }

  it("says all that there is to say: names, kind of key, must-staple; and its key is never here", async () => {
    const [domain, other] = [uniqueName("csr"), uniqueName("csr")];
    const { csr, file } = requestFor({ names: [domain, other], key: "rsa:2048", staple: true });
    const answer = await create({ csr });
    expect(answer.json).toMatchObject({
      certificate: { domain, names: [domain, other], key_type: "rsa2048", must_staple: true },
      order: { state: "valid" },
    });
    const { json } = await api().get(`/api/certificates/${domain}`);
    expect(json.versions).toMatchObject([{ has_private_key: false }]);
    expect(json.csr.trim()).toBe(csr.trim());

    const chain = await api().get(`/api/certificates/${domain}/download?format=fullchain`);
    const key = openssl.run("pkey", "-in", file, "-pubout");
    expect(new X509Certificate(chain.text).publicKey.export({ type: "spki", format: "pem" })).toBe(key);
    for (const format of ["key", "pem", "pkcs12", "zip", "json"]) {
      const refused = await api().get(`/api/certificates/${domain}/download?format=${format}`);
      expect(refused.status).toBe(409);
      expect(refused.json.detail).toMatch(/private key .* is not here.*fullchain/);
    }
  });

  it("is used by each renewal, and another one from the next order on", async () => {
    const domain = uniqueName("csr");
    const [first, second] = [requestFor({ names: [domain] }), requestFor({ names: [domain], key: "ec:P-384" })];
    await create({ domain, csr: first.csr });
    const keyOf = async () => {
      const { text } = await api().get(`/api/certificates/${domain}/download?format=cert`);
      return new X509Certificate(text).publicKey.export({ type: "spki", format: "pem" });
    };
    const renew = async () =>
      expect((await api().post(`/api/certificates/${domain}/renew?wait=60`)).json.order.state).toBe("valid");
    await renew();
    expect(await keyOf()).toBe(openssl.run("pkey", "-in", first.file, "-pubout"));
    const changed = await api().patch(`/api/certificates/${domain}`, { csr: second.csr });
    expect(changed.json).toMatchObject({ key_type: "p384" });
    expect(await keyOf()).toBe(openssl.run("pkey", "-in", first.file, "-pubout"));
    await renew();
    expect(await keyOf()).toBe(openssl.run("pkey", "-in", second.file, "-pubout"));
    // Without one, the key is made here again.
    expect((await api().patch(`/api/certificates/${domain}`, { csr: null })).json).toMatchObject({ csr: null });
    await renew();
    expect((await api().get(`/api/certificates/${domain}/download?format=key`)).text).toContain("PRIVATE KEY");
  });

  it("may have its first name as its common name alone", async () => {
    const domain = uniqueName("csr");
    const { csr } = requestFor({ commonName: domain });
    const answer = await create({ csr });
    expect(answer.json).toMatchObject({ certificate: { names: [domain] }, order: { state: "valid" } });
  });

  const [domain, other] = [uniqueName("csr"), uniqueName("csr")];

  it.each<[string, () => object, string, RegExp]>([
    ["with no name", () => ({ csr: requestFor({}).csr }), "/csr", /no name/],
    [
      "that lacks a name",
      () => ({ domain, san_domains: [other], csr: requestFor({ names: [domain] }).csr }),
      "/csr",
      /lacks/,
    ],
    [
      "with a name that was not asked for",
      () => ({ domain, san_domains: [other], csr: requestFor({ names: [domain, other, uniqueName("x")] }).csr }),
      "/csr",
      /not for/,
    ],
    [
      "without the domain that was asked for",
      () => ({ domain, csr: requestFor({ names: [other] }).csr }),
      "/csr",
      /lacks/,
    ],
    [
      "for an address",
      () => ({ csr: requestFor({ flags: ["-addext", "subjectAltName=IP:192.0.2.1"] }).csr }),
      "/csr",
      /address/,
    ],
    ["for a name that is none", () => ({ csr: requestFor({ names: ["a_b.example.com"] }).csr }), "/csr", /underscore/],
    ["with a weak key", () => ({ csr: requestFor({ names: [domain], key: "rsa:1024" }).csr }), "/csr", /2048/],
    [
      "on a curve that no authority takes",
      () => ({ csr: requestFor({ names: [domain], key: "ec:secp256k1" }).csr }),
      "/csr",
      /EC/,
    ],
    ["with an Ed25519 key", () => ({ csr: requestFor({ names: [domain], key: "ed25519" }).csr }), "/csr", /EC or RSA/],
    ["signed with SHA-1", () => ({ csr: requestFor({ names: [domain], flags: ["-sha1"] }).csr }), "/csr", /SHA-256/],
    [
      "of another kind of key than was said",
      () => ({ csr: requestFor({ names: [domain] }).csr, key_type: "rsa2048" }),
      "/key_type",
      /p256/,
    ],
    [
      "without the must-staple that was said",
      () => ({ csr: requestFor({ names: [domain] }).csr, must_staple: true }),
      "/must_staple",
      /7633/,
    ],
    [
      "that is none",
      () => ({ csr: "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----" }),
      "/csr",
      /PKCS#10/,
    ],
    ["that is no PEM", () => ({ csr: "MIIB" }), "/csr", /there are 0/],
    ["that is cut off", () => ({ csr: requestFor({ names: [domain] }).csr.slice(0, -40) }), "/csr", /cut off/],
  ])("%s is refused, and it is said why", async (_what, body, pointer, why) => {
    const answer = await create(body(), 0);
    expect(answer.status).toBe(422);
    expect(answer.json.errors).toMatchObject([{ pointer, detail: expect.stringMatching(why) }]);
  });

  it("with its private key beside it is refused, and the key is not shown again", async () => {
    const { csr, key } = requestFor({ names: [domain] });
    const answer = await create({ csr: csr + key }, 0);
    expect(answer.status).toBe(422);
    expect(answer.json.detail).toMatch(/private key beside/);
    expect(answer.text).not.toContain(key.split("\n")[1]);
  });

  it("that was changed after it was signed is refused", async () => {
    const { csr } = requestFor({ names: [domain] });
    const der = Buffer.from(csr.replace(/-----.*-----|\s/g, ""), "base64");
    const at = der.indexOf(Buffer.from(domain));
    der[at] = der[at] === 0x61 ? 0x62 : 0x61;
    const changed = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----`;
    const answer = await create({ csr: changed }, 0);
    expect(answer.json.errors).toMatchObject([{ pointer: "/csr", detail: expect.stringMatching(/not signed by/) }]);
  });

  it("cannot be contradicted later: its names and its key are what they are", async () => {
    const name = uniqueName("csr");
    await create({ csr: requestFor({ names: [name] }).csr });
    const patch = (body: unknown) => api().patch(`/api/certificates/${name}`, body);
    expect((await patch({ key_type: "rsa2048" })).json.errors).toMatchObject([{ pointer: "/key_type" }]);
    expect((await patch({ must_staple: true })).json.errors).toMatchObject([{ pointer: "/must_staple" }]);
    expect((await patch({ csr: requestFor({ names: [name, other] }).csr })).json.errors).toMatchObject([
      { pointer: "/csr" },
    ]);
  });

  it("of a certificate that was revoked is used for no other: another key is asked for first", async () => {
    const name = uniqueName("csr");
    await create({ csr: requestFor({ names: [name] }).csr });
    const refused = await api().post(`/api/certificates/${name}/replace`, { because: "revoked" });
    expect(refused.status).toBe(409);
    expect(refused.json.detail).toContain("csr for another key");
  });

  it("is needed where no domain is said", async () => {
    const answer = await create({}, 0);
    expect(answer.json.errors).toMatchObject([{ pointer: "/domain" }]);
  });
});
