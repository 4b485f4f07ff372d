/** docs/notifications.md: its tables are what the code has, and its ways to verify a webhook are right. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { channelKinds } from "../../src/notifications/channel-kinds";
import { newWebhookSecret, signature } from "../../src/notifications/channels/webhook";
import { events, mattering, type NotificationEvent } from "../../src/notifications/events";

const document = readFileSync(path.join(import.meta.dirname, "../../docs/notifications.md"), "utf8");
const rows = document.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
const rowsOf = (names: string[]) => rows.filter(([, first = ""]) => names.includes(first.replaceAll("`", "")));

it("has every event, with what it means", () => {
  const names = Object.keys(events) as NotificationEvent[];
  expect(rowsOf(names).map(([, ...cells]) => cells.slice(0, 4))).toEqual(
    names.map((name) => [
      `\`${name}\``,
      events[name].severity,
      events[name].title,
      mattering.includes(name) ? "yes" : "",
    ]),
  );
});

it("has every kind, with its settings and the credentials in their place", () => {
  const kinds = Object.values(channelKinds);
  const settingsOf = (kind: (typeof kinds)[number]) =>
    kind.credentialFields().map(({ name, optional }) => (optional ? `[\`${name}\`]` : `\`${name}\``));
  expect(rowsOf(kinds.map(({ id }) => id)).map(([, id, settings]) => [id, settings])).toEqual(
    kinds.map((kind) => [`\`${kind.id}\``, settingsOf(kind).join(", ")]),
  );
  for (const kind of kinds) {
    const [row = []] = rowsOf([kind.id]);
    for (const credential of Object.keys(kind.credentialKinds)) expect(row[3]).toContain(`\`${credential}\``);
  }
});

/** The block of a language, as a reader copies it. */
const block = (language: string): string =>
  [...document.matchAll(/```(\w+)\n([\s\S]*?)```/g)].filter(([, name]) => name === language).at(-1)?.[2] ?? "";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "certedge-verify-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Each takes secret, id, timestamp and signatures as its arguments, the body from the file, and exits with 0 or not. */
const verifiers: Record<string, { command: string[]; file: string; script: string }> = {
  js: {
    command: [process.execPath],
    file: "verify.mjs",
    script: `${block("js")}
import { readFileSync } from "node:fs";
const [secret, id, timestamp, signature] = process.argv.slice(2);
const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
process.exit(isFromCertedge(secret, headers, readFileSync("body", "utf8")) ? 0 : 1);`,
  },
  python: {
    command: ["python3"],
    file: "verify.py",
    script: `${block("python")}
import sys
secret, message_id, timestamp, signature = sys.argv[1:]
headers = {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}
sys.exit(0 if is_from_certedge(secret, headers, open("body", "rb").read()) else 1)`,
  },
  sh: { command: ["sh"], file: "verify.sh", script: `${block("sh")}\nis_from_certedge "$@"` },
};

const isThere = (program: string) =>
  spawnSync(program, ["--version"]).status === 0 || spawnSync(program, ["-c", ":"]).status === 0;

describe.each(Object.entries(verifiers))(
  "the way to verify in %s",
  (_, { command: [program = "", ...rest], file, script }) => {
    const secret = newWebhookSecret();
    const body = JSON.stringify({ type: "certificate.failed", data: { detail: "ä 😀 'quoted' %s \\n" } });
    const now = () => Math.floor(Date.now() / 1000);

    async function accepts({ timestamp = now(), id = "message-1", signed = body, key = secret, extra = "" }) {
      const given = await signature(key, `message-1.${timestamp}.${signed}`);
      writeFileSync(path.join(folder, "body"), body);
      writeFileSync(path.join(folder, file), script);
      const signatures = extra ? `${extra} ${given}` : given;
      try {
        execFileSync(program, [...rest, file, secret, id, String(timestamp), signatures], {
          cwd: folder,
          stdio: "pipe",
        });
        return true;
      } catch (error) {
        // A script that breaks says nothing of a signature.
        expect(String((error as { stderr: Buffer }).stderr)).toBe("");
        return false;
      }
    }

    it.skipIf(!isThere(program))("takes what is right, and nothing else", async () => {
      expect(await accepts({})).toBe(true);
      expect(await accepts({ extra: "v1,b2xk" })).toBe(true);
      expect(await accepts({ signed: `${body} ` })).toBe(false);
      expect(await accepts({ id: "message-2" })).toBe(false);
      expect(await accepts({ key: newWebhookSecret() })).toBe(false);
      expect(await accepts({ timestamp: now() - 400 })).toBe(false);
      expect(await accepts({ timestamp: now() + 400 })).toBe(false);
    });
  },
);
