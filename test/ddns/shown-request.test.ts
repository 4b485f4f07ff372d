import { describe, expect, it } from "vitest";
import { dialectOf } from "../../src/ddns/dialects";
import { showRequest } from "../../src/ddns/shown-request";

const SECRET = "upSecretSecretSecret";

function shown(path: string, { method = "GET", body = "", secret = SECRET as string | undefined } = {}) {
  const request = { method, url: new URL(`https://certedge.test${path}`), body };
  const dialect = dialectOf(request);
  return dialect && showRequest(request, dialect, secret);
}

describe("A request as its owner may see it", () => {
  it.each([
    ["/nic/update?hostname=a.b,c.d&myip=203.0.113.7", "GET /nic/update?hostname=a.b,c.d&myip=203.0.113.7"],
    [
      "/nic/update?hostname=a.b&password=x&username=y&key=z",
      "GET /nic/update?hostname=a.b&password=…&username=…&key=…",
    ],
    ["/nic/update?hostname=a.b&somethingelse=x", "GET /nic/update?hostname=a.b&somethingelse=…"],
    [`/nic/update?hostname=${SECRET}&myip=`, "GET /nic/update?hostname=…&myip="],
    ["/nic/update?home.example.net", "GET /nic/update?home.example.net"],
    [`/update?domains=home&token=${SECRET}&verbose=true`, "GET /update?domains=home&token=…&verbose=true"],
    [`/update/home/${SECRET}/203.0.113.7`, "GET /update/home/…/203.0.113.7"],
    [`/u/${SECRET}?address=203.0.113.7`, "GET /u/…?address=203.0.113.7"],
    [`/dynamic/update.php?${SECRET}&address=203.0.113.7`, "GET /dynamic/update.php?…&address=203.0.113.7"],
    [`/nic/update?${"a".repeat(40)}=x`, "GET /nic/update?…=…"],
    ["/nic/update", "GET /nic/update"],
  ])("of %s is %s", (path, line) => {
    expect(shown(path)).toBe(line);
    // What nobody took for a secret is not shown either.
    if (!path.includes(`hostname=${SECRET}`)) expect(shown(path, { secret: undefined })).not.toContain(SECRET);
  });

  it("has the parameters of a form, and of a JSON body", () => {
    const form = `hostname=a.b&myip=203.0.113.7&pass=${SECRET}`;
    expect(shown("/nic/update", { method: "POST", body: form })).toBe(
      "POST /nic/update?hostname=a.b&myip=203.0.113.7&pass=…",
    );
    const body = JSON.stringify({ hostname: "a.b", ipv4: "203.0.113.7", token: SECRET });
    expect(shown("/update", { method: "PUT", body })).toBe("PUT /update?hostname=a.b&ipv4=203.0.113.7&token=…");
    expect(shown("/update", { method: "PUT", body: "{garbage" })).toBe("PUT /update");
  });

  it("ends somewhere", () => {
    const query = Array.from({ length: 500 }, (_, index) => `p${index}=x`).join("&");
    expect(shown(`/nic/update?myip=${"1".repeat(5000)}&${query}`)?.length).toBeLessThan(400);
  });
});
