import { describe, expect, it } from "vitest";
import { requireSameOrigin } from "../../src/http/guards";
import { admin, request, uniqueName } from "../support/certedge";

describe("a change by a session", () => {
  const change = (headers: Record<string, string>) =>
    requireSameOrigin(new Request("https://certedge.example/api-keys/1", { method: "DELETE", headers }));

  it.each([
    ["a program, which says nothing", {}],
    ["our own page", { origin: "https://certedge.example", "sec-fetch-site": "same-origin" }],
    ["our own page in an old browser", { origin: "https://certedge.example" }],
    ["our own form, which names no origin", { origin: "null", "sec-fetch-site": "same-origin" }],
    ["the person, from the address bar", { "sec-fetch-site": "none" }],
  ])("is taken from %s", (_who, headers) => {
    expect(() => change(headers)).not.toThrow();
  });

  it.each([
    ["another site", { origin: "https://elsewhere.example", "sec-fetch-site": "cross-site" }],
    ["another site in an old browser", { origin: "https://elsewhere.example" }],
    ["another host of our site", { origin: "https://www.certedge.example", "sec-fetch-site": "same-site" }],
    ["our host without TLS", { origin: "http://certedge.example" }],
    ["another port of our host", { origin: "https://certedge.example:8443" }],
    ["a host whose name begins like ours", { origin: "https://certedge.example.elsewhere.example" }],
    ["a sandboxed frame", { origin: "null" }],
    ["a sandboxed frame in a new browser", { origin: "null", "sec-fetch-site": "cross-site" }],
    ["what the browser calls something new", { "sec-fetch-site": "other" }],
    ["another site that names no origin", { "sec-fetch-site": "cross-site" }],
  ])("is refused from %s", (_who, headers) => {
    expect(() => change(headers)).toThrow(expect.objectContaining({ status: 403 }));
  });

  it("is refused by the running Worker too, and reading is not", async () => {
    const headers = { "sec-fetch-site": "cross-site" };
    const { cookie } = admin();
    const refused = await request({ cookie, headers }).post("/api-keys/", { name: "stolen" });
    expect(refused.status).toBe(403);
    expect(refused.json.detail).toMatch(/^The request comes from another site\./);
    expect((await request({ cookie, headers }).get("/api/account")).status).toBe(200);
    const { username, password } = admin();
    expect((await request({ headers }).post("/api/sessions", { username, password })).status).toBe(403);
    expect((await request({ cookie, headers }).delete("/api/sessions/current")).status).toBe(403);
    expect((await request({ cookie }).get("/api/account")).status).toBe(200);
  });

  it("is not asked where it comes from when a key signs it, which no browser adds by itself", async () => {
    const headers = { "sec-fetch-site": "cross-site" };
    const fqdn = uniqueName("signed");
    expect((await request({ key: admin().key, headers }).post("/api/domains", { fqdn })).status).toBe(201);
  });
});

describe("a router's update", () => {
  const update = async (headers: Record<string, string>) => {
    const { username, key } = admin();
    const authorization = `Basic ${Buffer.from(`${username}:${key}`).toString("base64")}`;
    return (
      await request({ headers: { authorization, ...headers } }).get(
        "/nic/update?hostname=no.certedge.test&myip=192.0.2.1",
      )
    ).text;
  };

  it("is not taken from a browser that another site has made send it, with the credentials that it has kept", async () => {
    expect(await update({ "sec-fetch-site": "cross-site" })).toBe("badauth");
    expect(await update({ "sec-fetch-site": "same-site" })).toBe("badauth");
    expect(await update({ "sec-fetch-site": "none" })).toBe("nohost");
    expect(await update({})).toBe("nohost");
  });
});
