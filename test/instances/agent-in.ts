/** What the agent does, as it is served, whatever shell it runs in: against the shared Worker. */
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  forgetShells,
  type Machine,
  newMachine,
  type Shell,
  shells,
  type Tampering,
  tamperWith,
} from "../support/agent";
import { request } from "../support/certedge";
import { type InstanceOwner, newOwner } from "../support/instances";
import { describeWith } from "../support/tools";

export function agentIn(shell: Shell): void {
  let ada: InstanceOwner;

  beforeAll(async () => {
    ada = await newOwner();
  });

  afterAll(forgetShells);

  const me = () => request(ada.member);
  const installationOf = async (domain: string) => (await me().get(`/api/certificates/${domain}`)).json.installation;
  const fingerprintIn = (pem: string) => new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();

  describeWith([...shells[shell].tools, "curl", "openssl"], `the agent in ${shell}`, () => {
    let instance: { id: string; name: string };
    let domain: string;
    let machine: Machine;

    async function newInstance() {
      instance = await ada.newInstance();
      domain = await ada.newCertificate({ instance_id: instance.id });
      return (await ada.newKey(instance.id)).key;
    }

    afterEach(() => machine.remove());

    const installed = () => fingerprintIn(machine.read(domain, "cert.pem"));
    const newest = async () => (await installationOf(domain)).newest.fingerprint_sha256;
    /** A run that does as it should, after which everything is in sync. */
    async function runWell(options: string[] = []) {
      const done = await machine.run(options);
      expect(done).toMatchObject({ code: 0, errors: "" });
      return done;
    }
    async function runWith(tampering: Tampering, settings: Record<string, string> = {}) {
      const between = await tamperWith(tampering);
      const done = await machine.run([], { ...settings, CERTEDGE_URL: between.url });
      await between.close();
      return done;
    }

    describe("on a machine of its own", () => {
      beforeEach(async () => {
        const key = await newInstance();
        machine = await newMachine(shell, { id: instance.id, key });
      });

      it("installs what is new, has it taken into use, and says so", async () => {
        const { output } = await runWell();
        expect(output).toMatch(`certedge: ${domain} is installed, valid until `);
        const [chain, key] = [machine.read(domain, "fullchain.pem"), machine.read(domain, "privkey.pem")];
        expect(chain).toBe((await me().get(`/api/certificates/${domain}/download`)).text);
        expect(key).toBe((await me().get(`/api/certificates/${domain}/download?format=key`)).text);
        expect(machine.read(domain, "cert.pem") + machine.read(domain, "chain.pem")).toBe(chain);
        expect(lstatSync(machine.at(domain)).isSymbolicLink()).toBe(true);
        expect([machine.mode(domain, "privkey.pem"), machine.mode(domain, "fullchain.pem")]).toEqual(["600", "644"]);
        expect(machine.reloads()).toBe(1);
        expect(await installationOf(domain)).toMatchObject({
          state: "in_sync",
          fingerprint_sha256: installed(),
          installed_at: expect.any(String),
        });
        const { reporter } = (await me().get(`/api/instances/${instance.id}`)).json;
        expect(reporter).toMatchObject({ agent: "certedge-agent/1", os: expect.stringContaining("Linux") });
        expect(readdirSync(machine.at(".state")).sort()).toEqual(["entity-tag", "installed", "reported"]);
      });

      it("does nothing while there is nothing new", async () => {
        await runWell();
        const { output } = await runWell(["--once", "--verbose"]);
        expect(output).toBe("certedge: There is nothing new.\n");
        expect((await runWell()).output).toBe("");
        expect(machine.reloads()).toBe(1);
      });

      it("installs a renewal, keeps the version before it, and no more than that", async () => {
        await runWell();
        const versions = () => readdirSync(machine.at(".versions", domain)).sort();
        const seen = [installed()];
        for (const times of [2, 3]) {
          await ada.renew(domain);
          await runWell();
          expect(installed()).toBe(await newest());
          expect(machine.reloads()).toBe(times);
          seen.push(installed());
          expect(versions()).toEqual(seen.slice(-2).sort());
        }
        expect((await installationOf(domain)).state).toBe("in_sync");
      });

      it("installs a wildcard, and what is added, beside what is there", async () => {
        await runWell();
        const wildcard = `*.w.${ada.base}`;
        await me().post("/api/certificates/create?wait=60", { domain: wildcard, instance_id: instance.id });
        const { output } = await runWell();
        expect(output.match(/is installed/g)).toHaveLength(1);
        expect(new X509Certificate(machine.read(`_.w.${ada.base}`, "cert.pem")).subjectAltName).toBe(`DNS:${wildcard}`);
        expect((await installationOf(wildcard)).state).toBe("in_sync");
        await me().delete(`/api/certificates/${encodeURIComponent(wildcard)}`);
      });

      it("puts the version before back when the reload fails, says why, and tries again", async () => {
        await runWell();
        const before = installed();
        await ada.renew(domain);
        // As nginx does: it fails with the new one, and goes on with the old one.
        const test = `cmp -s ${machine.at(domain, "cert.pem")} ${machine.folder}/good || { echo 'bad "key"' >&2; exit 3; }`;
        writeFileSync(path.join(machine.folder, "good"), machine.read(domain, "cert.pem"));
        const failed = await machine.run([], { CERTEDGE_RELOAD: test });
        expect(failed.code).toBe(1);
        expect(failed.errors).toContain(
          `${domain}: The reload failed with 3, so the version before is back: bad 'key'`,
        );
        expect(failed.errors).not.toContain("fails with what was installed before");
        expect(installed()).toBe(before);
        expect(await installationOf(domain)).toMatchObject({
          state: "failed",
          fingerprint_sha256: before,
          problem: expect.stringContaining("The reload failed with 3, so the version before is back: bad 'key"),
        });
        await runWell();
        expect(installed()).toBe(await newest());
        expect(await installationOf(domain)).toMatchObject({ state: "in_sync", problem: null });
      });

      it("takes away what it installed first when the reload fails, for there is no version before", async () => {
        const failed = await machine.run([], { CERTEDGE_RELOAD: "exit 1" });
        expect(failed.code).toBe(1);
        expect(existsSync(machine.at(domain))).toBe(false);
        expect(await installationOf(domain)).toMatchObject({ state: "failed", fingerprint_sha256: null });
      });

      it("runs the hook of a certificate, whose failure is that of this one alone", async () => {
        const other = await ada.newCertificate({ instance_id: instance.id });
        const hook = path.join(machine.folder, "hooks", domain);
        const notes = path.join(machine.folder, "notes");
        const script = (body: string) => {
          writeFileSync(hook, `#!/bin/sh\n${body}\n`);
          chmodSync(hook, 0o755);
        };
        script(`echo "$CERTEDGE_DOMAIN $CERTEDGE_PATH" >> ${notes}`);
        await runWell();
        expect(readFileSync(notes, "utf8")).toBe(`${domain} ${machine.at(domain)}\n`);

        const before = installed();
        await Promise.all([ada.renew(domain), ada.renew(other)]);
        script("echo no room on the device; exit 9");
        const failed = await machine.run();
        expect(failed.code).toBe(1);
        expect(installed()).toBe(before);
        const problem = "Its hook failed with 9, so the version before is back: no room on the device";
        expect(await installationOf(domain)).toMatchObject({ state: "failed", problem });
        expect((await installationOf(other)).state).toBe("in_sync");
        expect(machine.reloads()).toBe(2);
      });

      it("leaves what is installed as it is when a bundle breaks off", async () => {
        await runWell();
        const before = installed();
        await ada.renew(domain);
        expect((await runWith({ breaks: true })).code).toBe(3);
        expect([installed(), machine.reloads()]).toEqual([before, 1]);
      });

      it("does not go back to an older version", async () => {
        let old = "";
        await runWith({ body: (text) => (old = text) });
        expect((await installationOf(domain)).state).toBe("in_sync");
        // Certificates begin on whole seconds, backdated by the same while.
        const begun = Math.floor(Date.now() / 1000);
        await vi.waitUntil(() => Math.floor(Date.now() / 1000) > begun, { timeout: 5000 });
        await ada.renew(domain);
        await runWell();
        const before = installed();
        const { code, errors } = await runWith({ body: () => old }, { CERTEDGE_RELOAD: "" });
        expect([code, errors]).toEqual([0, ""]); // what it has is known to be what is wanted: nothing is asked for
        await ada.renew(domain);
        const refused = await runWith({ body: () => old });
        expect([refused.code, refused.errors]).toEqual([
          1,
          expect.stringContaining("it is older than the installed one"),
        ]);
        expect(installed()).toBe(before);
      });

      it("uses a private key that certedge never had", async () => {
        let key = "";
        const strip = (text: string) => {
          key = /-----BEGIN PRIVATE KEY[\s\S]*?END PRIVATE KEY-----\n/.exec(text)?.[0] ?? "";
          return withoutKey(text);
        };
        await runWith({ body: strip });
        mkdirSync(path.join(machine.folder, "own-keys"));
        writeFileSync(path.join(machine.folder, "own-keys", `${domain}.pem`), key);
        expect(await runWith({ body: strip })).toMatchObject({ code: 0, errors: "" });
        expect([machine.read(domain, "privkey.pem"), machine.mode(domain, "privkey.pem")]).toEqual([key, "600"]);
      });

      it("fetches what comes in parts, and installs all of it", async () => {
        const other = await ada.newCertificate({ instance_id: instance.id });
        const [first = "", second = ""] = [domain, other].sort();
        let parts = 0;
        const inParts = (text: string, url: string) => {
          parts++;
          if (url.includes("after=")) return text;
          return `${text.slice(0, text.indexOf(`certificate: ${second}`))}next: ${first}\nend: 1\n`;
        };
        expect(await runWith({ body: inParts })).toMatchObject({ code: 0, errors: "" });
        expect(parts).toBe(2);
        for (const name of [first, second]) expect((await installationOf(name)).state).toBe("in_sync");
        expect((await runWell(["--verbose"])).output).toContain("nothing new");
      });

      it("lets a group read the private keys, where it is told to", async () => {
        const group = execFileSync("id", ["-gn"], { encoding: "utf8" }).trim();
        expect(await machine.run([], { CERTEDGE_GROUP: group })).toMatchObject({ code: 0, errors: "" });
        expect(machine.mode(domain, "privkey.pem")).toBe("640");
      });

      it("runs again and again, where there is nothing else that would start it", async () => {
        const { pid, ended } = machine.start(["--every", "1"]);
        await vi.waitUntil(() => existsSync(machine.at(".state", "entity-tag")), { timeout: 20_000 });
        await vi.waitUntil(() => !existsSync(machine.at(".state", "lock")), { timeout: 20_000 });
        process.kill(pid, "SIGTERM");
        expect(await ended).toMatchObject({ code: 143, errors: "" });
        expect((await installationOf(domain)).state).toBe("in_sync");
      });

      it("runs once at a time: the second one is told so", async () => {
        const [begun, goOn] = [path.join(machine.folder, "begun"), path.join(machine.folder, "go-on")];
        execFileSync("mkfifo", [goOn]);
        const first = machine.start([], { CERTEDGE_RELOAD: `touch ${begun}; cat ${goOn}` });
        await vi.waitUntil(() => existsSync(begun), { timeout: 20_000 });
        const second = await machine.run();
        expect([second.code, second.errors]).toEqual([
          5,
          `certedge: Another run is under way (process ${first.pid}). If none is, remove ${machine.at(".state", "lock")}.\n`,
        ]);
        writeFileSync(goOn, "");
        expect(await first.ended).toMatchObject({ code: 0, errors: "" });
        expect(existsSync(machine.at(".state", "lock"))).toBe(false);
      });

      it("ends what a killed run began: what it installed is taken into use", async () => {
        await runWell();
        await ada.renew(domain);
        const [begun, goOn] = [path.join(machine.folder, "begun"), path.join(machine.folder, "go-on")];
        execFileSync("mkfifo", [goOn]);
        const { pid, ended } = machine.start([], { CERTEDGE_RELOAD: `touch ${begun}; cat ${goOn}` });
        await vi.waitUntil(() => existsSync(begun), { timeout: 20_000 });
        process.kill(pid, "SIGKILL");
        writeFileSync(goOn, ""); // the reload itself goes on, and ends
        await ended;
        expect((await installationOf(domain)).state).toBe("behind");
        await runWell();
        expect(machine.reloads()).toBe(2);
        expect(await installationOf(domain)).toMatchObject({ state: "in_sync", fingerprint_sha256: installed() });
        expect(readdirSync(machine.at(".state")).sort()).toEqual(["entity-tag", "installed", "reported"]);
      });

      it("installs again what was changed on the disk, or taken away", async () => {
        await runWell();
        const pem = machine.read(domain, "cert.pem");
        writeFileSync(machine.at(domain, "cert.pem"), "nothing\n");
        await runWell();
        expect(machine.read(domain, "cert.pem")).toBe(pem);
        execFileSync("rm", ["-r", machine.at(domain), machine.at(".versions")]);
        await runWell();
        expect(machine.read(domain, "cert.pem")).toBe(pem);
        expect(machine.reloads()).toBe(3);
      });

      it("changes nothing in a dry run, and everything by force", async () => {
        const dry = await machine.run(["--dry-run"]);
        expect(dry).toMatchObject({
          code: 0,
          output: expect.stringContaining(`${domain} would be installed, valid until`),
        });
        expect(existsSync(machine.at())).toBe(false);
        expect((await installationOf(domain)).state).toBe("unknown");
        await runWell();
        const link = readlinkSync(machine.at(domain));
        expect((await runWell(["--force"])).output).toContain("is installed");
        expect(readlinkSync(machine.at(domain))).not.toBe(link);
        expect(machine.reloads()).toBe(2);
        expect((await runWell(["--verbose"])).output).toContain("nothing new");
      });

      it("takes no other link for one of its own, and no old lock for a run", async () => {
        mkdirSync(machine.at(".state", "lock"), { recursive: true });
        symlinkSync("/etc", machine.at('not "its" own'));
        expect((await machine.run()).code).toBe(5);
        const yesterday = Date.now() / 1000 - 2 * 86_400;
        utimesSync(machine.at(".state", "lock"), yesterday, yesterday);
        await runWell();
        expect((await installationOf(domain)).state).toBe("in_sync");
      });

      it("leaves alone what is there and not its own", async () => {
        mkdirSync(machine.at(domain), { recursive: true });
        writeFileSync(machine.at(domain, "privkey.pem"), "mine");
        const { code, errors } = await machine.run();
        expect([code, errors]).toEqual([1, expect.stringContaining("is there, and not by this agent")]);
        expect(machine.read(domain, "privkey.pem")).toBe("mine");
      });

      it("takes its settings from a file, which it does not run", async () => {
        const file = path.join(machine.folder, "agent.conf");
        const touched = path.join(machine.folder, "touched");
        writeFileSync(
          file,
          `# of web-1\n\nCERTEDGE_RELOAD="touch ${touched}"\nCERTEDGE_TIMEOUT=$(touch ${touched}.too)\n`,
        );
        const refused = await machine.run(["--config", file], { CERTEDGE_RELOAD: "true" });
        expect([refused.code, refused.errors]).toEqual([2, "certedge: CERTEDGE_TIMEOUT takes seconds.\n"]);
        expect(existsSync(`${touched}.too`)).toBe(false);
        writeFileSync(file, `CERTEDGE_HOOKS='${machine.folder}/none'\n  CERTEDGE_TIMEOUT=30`);
        expect(await machine.run(["-c", file])).toMatchObject({ code: 0, errors: "" });
      });

      it("says when its key works no more", async () => {
        const { keys } = (await me().get(`/api/instances/${instance.id}/keys`)).json;
        await me().delete(`/api/instances/${instance.id}/keys/${keys[0].id}`);
        const { code, errors } = await machine.run();
        expect([code, errors]).toEqual([
          4,
          expect.stringContaining("HTTP 401: The API key is unknown or was deactivated."),
        ]);
      });

      it("has its key in no list of processes", async () => {
        const seen = path.join(machine.folder, "seen");
        const key = readFileSync(path.join(machine.folder, "key"), "utf8").trim();
        const curl = execFileSync("sh", ["-c", "command -v curl"], { encoding: "utf8" }).trim();
        mkdirSync(path.join(machine.folder, "bin"));
        const spy = path.join(machine.folder, "bin", "curl");
        writeFileSync(spy, `#!/bin/sh\nprintf '%s\\n' "$@" >> ${seen}\nexec ${curl} "$@"\n`);
        chmodSync(spy, 0o755);
        await machine.run([], { PATH: `${machine.folder}/bin:${process.env.PATH}` });
        const given = readFileSync(seen, "utf8");
        expect(given).toContain("--config");
        expect(given).not.toContain(key);
      });
    });

    describe("that is given nonsense", () => {
      let key: string;

      beforeAll(async () => {
        key = await newInstance();
      });

      beforeEach(async () => {
        machine = await newMachine(shell, { id: instance.id, key });
      });

      it.each<[what: string, tampering: Tampering, problem: RegExp]>([
        [
          "the private key of another certificate",
          { body: withAnotherKey },
          /its private key is that of another certificate/,
        ],
        [
          "a certificate that is damaged",
          { body: (text) => text.replace(/(CERTIFICATE-----\n.{20})..../, "$1AAAA") },
          /has no certificate|fingerprint/,
        ],
        ["a chain that cannot be read", { body: (text) => damageSecond(text) }, /its chain cannot be read/],
        [
          "another fingerprint",
          { body: (text) => text.replace(/(sha256: ).{8}/, "$100000000") },
          /fingerprint is another one/,
        ],
        [
          "a certificate for other names",
          { body: (text) => text.replace("certificate: ", "certificate: x") },
          /it is for other names/,
        ],
        ["no key, for it is kept elsewhere", { body: withoutKey }, /there is no private key for it/],
      ])("does not install %s", async (_what, tampering, problem) => {
        const { code, errors } = await runWith(tampering);
        expect([code, errors]).toEqual([1, expect.stringMatching(problem)]);
        expect(readdirSync(machine.at()).filter((name) => !name.startsWith("."))).toEqual([]);
        expect(machine.reloads()).toBe(0);
        if (!errors.includes("other names")) {
          expect(await installationOf(domain)).toMatchObject({
            state: "failed",
            problem: expect.stringMatching(problem),
          });
        }
      });

      it.each<[what: string, tampering: Tampering]>([
        ["that breaks off", { breaks: true }],
        ["that is cut off", { body: (text) => text.slice(0, -20) }],
        ["that is cut off in a key", { body: (text) => text.slice(0, -100) }],
        ["that is a page of somebody else", { body: () => "<html>Sign in to the Wi-Fi</html>" }],
        ["that is empty", { body: () => "" }],
        ["that names a path", { body: (text) => text.replace(/certificate: .*/, "certificate: ../../etc/cron.d/x") }],
        ["that goes on after its end", { body: (text) => `${text}certificate: x.example\n` }],
      ])("uses nothing of a bundle %s", async (_what, tampering) => {
        const { code, errors } = await runWith(tampering);
        expect([code, errors]).toEqual([3, expect.stringContaining("The bundle")]);
        expect(readdirSync(machine.at())).toEqual([".state"]);
        expect(machine.reloads()).toBe(0);
      });

      it.each<[what: string, options: string[], settings: Record<string, string>, code: number, words: RegExp]>([
        ["an option that is none", ["--often"], {}, 2, /There is no option --often/],
        ["an option without its value", ["--every"], {}, 2, /--every needs a value/],
        ["no minutes", ["--every", "0"], {}, 2, /--every takes minutes/],
        ["settings that are not there", ["-c", "/nowhere"], {}, 2, /\/nowhere cannot be read/],
        ["no address", [], { CERTEDGE_URL: "" }, 2, /CERTEDGE_URL is missing/],
        ["an address without TLS", [], { CERTEDGE_URL: "http://certedge.example.com" }, 2, /has to begin with https/],
        [
          "another machine that begins like this one",
          [],
          { CERTEDGE_URL: "http://127.0.0.1.example.com" },
          2,
          /has to begin with https/,
        ],
        ["no instance", [], { CERTEDGE_INSTANCE: "" }, 2, /CERTEDGE_INSTANCE is missing/],
        ["an instance that is a path", [], { CERTEDGE_INSTANCE: "../account" }, 2, /no id of an instance/],
        ["no key", [], { CERTEDGE_KEY_FILE: "/nowhere" }, 2, /key in \/nowhere cannot be read/],
        ["a key that is none", [], { CERTEDGE_KEY_FILE: "/etc/passwd" }, 2, /no API key/],
        [
          "a certedge that is not there",
          [],
          { CERTEDGE_URL: "http://127.0.0.1:9" },
          3,
          /could not be fetched .*[Cc]onnect/,
        ],
        [
          "another instance's id",
          [],
          { CERTEDGE_INSTANCE: "550e8400-e29b-41d4-a716-446655440000" },
          4,
          /HTTP 404: Instance not found/,
        ],
      ])("says what is wrong with %s", async (_what, options, settings, code, words) => {
        const done = await machine.run(options, settings);
        expect([done.code, done.errors, done.output]).toEqual([code, expect.stringMatching(words), ""]);
      });

      it("explains itself", async () => {
        expect(await machine.run(["--help"])).toMatchObject({
          code: 0,
          output: expect.stringContaining("Exit codes: 0"),
        });
      });
    });
  });
}

function withoutKey(text: string): string {
  return text.replace(/-----BEGIN PRIVATE KEY[\s\S]*?END PRIVATE KEY-----\n/, "");
}

function withAnotherKey(text: string): string {
  const key = execFileSync("openssl", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], {
    encoding: "utf8",
  });
  return text.replace(/-----BEGIN PRIVATE KEY[\s\S]*?END PRIVATE KEY-----\n/, key);
}

/** The second certificate, which is the issuer's, is none. */
function damageSecond(text: string): string {
  let count = 0;
  return text.replace(/(BEGIN CERTIFICATE-----\n)(.{40})/g, (whole, begin) =>
    ++count === 2 ? `${begin}${"A".repeat(40)}` : whole,
  );
}
