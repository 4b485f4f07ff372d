/** The built-in CA for outside ACME clients, and what others need to trust it and to check what it issued. */
import { html } from "hono/html";
import { Problem } from "../../problems";
import { api } from "../api";
import { originOf } from "../origin";
import { page } from "../page";

export const acme = api();

acme.all("/acme/builtin/*", (c) => c.var.services.builtinCa.fetch(c.req.raw));

const addressOf = ({ req }: { req: { raw: Request } }) => originOf(req.raw).address;

acme.get("/acme/directory", (c) => c.var.services.acmeDirectories.fetchDefault(c.req.raw, addressOf(c)));

acme.all("/acme/:profile{[a-z0-9-]+}/*", (c) =>
  c.var.services.acmeDirectories.fetch(c.req.raw, c.req.param("profile"), addressOf(c)),
);

acme.get("/ca/root.pem", async (c) =>
  c.body(await c.var.services.builtinCa.rootPem(), 200, {
    "content-type": "application/x-pem-file",
    "content-disposition": 'attachment; filename="certedge-root.pem"',
  }),
);

acme.get("/ca/:file{[a-z0-9]+\\.(crt|crl)}", async (c) => {
  const [id = "", form] = c.req.param("file").split(".");
  const { builtinCa } = c.var.services;
  if (form === "crt") {
    const headers = { "content-type": "application/pkix-cert", "cache-control": "public, max-age=86400" };
    return c.body(await builtinCa.certificate(id), 200, headers);
  }
  const headers = { "content-type": "application/pkix-crl", "cache-control": "public, max-age=3600" };
  return c.body(await builtinCa.revocationList(id), 200, headers);
});

/** How each system comes to trust the root. */
const INSTALL = [
  [
    "Debian, Ubuntu",
    "sudo cp certedge-root.pem /usr/local/share/ca-certificates/certedge-root.crt && sudo update-ca-certificates",
  ],
  ["Fedora, RHEL", "sudo cp certedge-root.pem /etc/pki/ca-trust/source/anchors/ && sudo update-ca-trust"],
  ["Arch", "sudo trust anchor certedge-root.pem"],
  ["Alpine", "cp certedge-root.pem /usr/local/share/ca-certificates/certedge-root.crt && update-ca-certificates"],
  ["macOS", "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain certedge-root.pem"],
  ["Windows (as administrator)", "certutil -addstore -f Root root.crt"],
  ["Firefox", "Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import"],
  [
    "iOS, iPadOS",
    "Open root.crt in Safari, install the profile, then Settings, General, About, Certificate Trust Settings",
  ],
  ["Android", "Settings, Security, Encryption & credentials, Install a certificate, CA certificate"],
  ["Java", "keytool -importcert -cacerts -alias certedge -file certedge-root.pem"],
  ["Node.js", "NODE_EXTRA_CA_CERTS=certedge-root.pem node …"],
] as const;

acme.get("/ca", async (c) => {
  if (!c.req.header("accept")?.includes("text/html"))
    throw new Problem(404, "The root is at /ca/root.pem and /ca/root.crt.");
  return c.html(
    page(
      "The built-in certificate authority",
      html`<p>
          Whoever trusts its root trusts every certificate that it issues. Download it as
          <a href="/ca/root.pem">PEM</a> or as <a href="/ca/root.crt">DER</a>, and install it:
        </p>
        ${INSTALL.map(
          ([system, how]) =>
            html`<h2>${system}</h2>
              <pre>${how}</pre>`,
        )}`,
    ),
  );
});
