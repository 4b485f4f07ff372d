/** A Pebble behind an intermediary, so that a test can have the CA fail, lie, or say other things of itself. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Answered, type Intermediary, startIntermediary } from "./intermediary";
import { makeTlsCertificate, type Pebble, type PebbleOptions, startPebble } from "./pebble";

export interface CertificateAuthority {
  directoryUrl: string;
  pebble: Pebble;
  /** From now on, what comes back for the requests whose line begins so: "POST /sign-me-up". */
  answer(line: string, change: Parameters<Intermediary["alter"]>[1]): void;
  /** Everything is answered by Pebble again. */
  behave(): void;
  /** Members of the directory's `meta`, instead of Pebble's own. */
  say(meta: object): void;
  stop(): Promise<void>;
}

export async function startCertificateAuthority(options: PebbleOptions): Promise<CertificateAuthority> {
  const folder = mkdtempSync(join(tmpdir(), "certedge-ca-"));
  const pebble = await startPebble(options);
  const files = makeTlsCertificate(folder, options.testRoot);
  const intermediary = await startIntermediary(pebble.directoryUrl, {
    key: readFileSync(files.key, "utf8"),
    cert: readFileSync(files.certificate, "utf8"),
    ca: readFileSync(join(options.testRoot, "root.pem"), "utf8"),
  });
  const answer: CertificateAuthority["answer"] = (line, change) =>
    intermediary.alter((asked) => asked.startsWith(line), change);
  return {
    directoryUrl: `${intermediary.url}/dir`,
    pebble,
    answer,
    behave: () => answer("", () => ({})),
    say: (meta) =>
      answer("GET /dir", ({ body }) => {
        const directory = JSON.parse(body.toString());
        return { body: Buffer.from(JSON.stringify({ ...directory, meta: { ...directory.meta, ...meta } })) };
      }),
    async stop() {
      await intermediary.stop();
      await pebble.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a CA answers that refuses (RFC 8555 §6.7). */
export const refusing =
  (status: number, type: string, detail: string): ((answered: Answered) => Partial<Answered>) =>
  ({ headers }) => ({
    status,
    headers: { ...headers, "content-type": "application/problem+json" },
    body: Buffer.from(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail })),
  });

/** A CA that is away: what stands before it answers. */
export const away = () => ({
  status: 503,
  headers: { "content-type": "text/html" },
  body: Buffer.from("<h1>503</h1>"),
});
