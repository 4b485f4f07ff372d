/** A real mail server, aiosmtpd, with TLS by the test root; it takes no mail but from one user. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listening } from "./listening";
import { makeTlsCertificate } from "./pebble";
import { freePort } from "./worker-process";

export interface MailServerOptions {
  testRoot: string;
  security: "tls" | "starttls";
  username: string;
  password: string;
  /** AUTH mechanisms that it does not offer. */
  without?: string[];
}

const PROGRAM = `
import asyncio, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
port, certificate, key, options = int(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)
implicit = options["security"] == "tls"

def authenticate(server, session, envelope, mechanism, data):
    print("AUTH", mechanism, flush=True)
    wanted = (options["username"].encode(), options["password"].encode())
    return AuthResult(success=(data.login, data.password) == wanted, handled=False)

def protocol():
    return SMTP(None, authenticator=authenticate, auth_required=True, auth_require_tls=not implicit,
                tls_context=None if implicit else context, require_starttls=not implicit,
                auth_exclude_mechanism=options.get("without", []))

async def main():
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port, ssl=context if implicit else None)
    await server.serve_forever()

asyncio.run(main())
`;

export async function startMailServer({ testRoot, ...options }: MailServerOptions) {
  const folder = mkdtempSync(join(tmpdir(), "certedge-mail-"));
  const { certificate, key } = makeTlsCertificate(folder, testRoot);
  const port = await freePort();
  const parameters = ["-c", PROGRAM, String(port), certificate, key, JSON.stringify(options)];
  // The interpreter that Debian's packages are for.
  const server = spawn("/usr/bin/python3", parameters, { stdio: ["ignore", "pipe", "ignore"] });
  let signIns = "";
  server.stdout.on("data", (chunk) => (signIns += chunk));
  await listening(port);
  return {
    port,
    /** How users have signed in, one line each: "AUTH PLAIN". */
    signIns: () => signIns,
    async stop() {
      server.kill();
      if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
