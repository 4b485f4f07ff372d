/** A certedge that is open to all, and people with second factors on it; at localhost, for passkeys know no IP address. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { codeOf } from "../support/authenticator-app";
import { claim } from "../support/claim";
import { type Answer, requestTo } from "../support/requests";
import { type Algorithm, createAuthenticator } from "../support/software-authenticator";
import { startProcess } from "../support/worker-process";

export const password = "plenty of wild horses";

export const cookieOf = ({ headers }: Answer) => (headers.get("set-cookie") ?? "").split(";")[0] ?? "";

export async function startOpenCertedge() {
  const data = mkdtempSync(path.join(os.tmpdir(), "certedge-two-factor-"));
  const worker = await startProcess({ data, testRoot: "", variables: { SIGN_UP: "open" } });
  const url = `http://localhost:${worker.port}`;
  const admin = await claim(worker);
  const anybody = requestTo(url);
  let people = 0;

  const signIn = (username: string) => anybody.post("/api/sessions", { username, password });

  async function newPerson() {
    people += 1;
    const username = `person-${people}`;
    const made = await anybody.post("/api/accounts", { username, email: `${username}@example.org`, password });
    if (made.status !== 201) throw new Error(`no account was made: ${made.text}`);
    const me = requestTo(url, { cookie: cookieOf(await signIn(username)) });
    return { username, me };
  }

  return {
    worker,
    url,
    admin,
    anybody,
    signIn,
    newPerson,

    secondStep: (token: string, proof: object) => anybody.post("/api/sessions/second-factor", { token, ...proof }),

    /** With an app; its code of now is used up, that of the next step is not. */
    async personWithApp() {
      const person = await newPerson();
      const { secret } = (await person.me.post("/api/account/totp", { password })).json;
      const confirmed = await person.me.post("/api/account/totp/confirm", { code: codeOf(secret, Date.now()) });
      return { ...person, secret: secret as string, recoveryCodes: confirmed.json.recovery_codes as string[] };
    },

    async personWithPasskey(algorithm?: Algorithm) {
      const person = await newPerson();
      const browser = createAuthenticator({ origin: url, ...(algorithm ? { algorithm } : {}) });
      const options = (await person.me.post("/api/account/passkeys/options", { password })).json;
      const { passkey, credential } = browser.create(options);
      const made = await person.me.post("/api/account/passkeys", { name: "laptop", passkey: credential });
      return { ...person, browser, passkey, made };
    },

    async stop() {
      await worker.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export type OpenCertedge = Awaited<ReturnType<typeof startOpenCertedge>>;
