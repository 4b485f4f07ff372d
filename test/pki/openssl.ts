/** openssl, in a folder of its own: what it makes for us to read, and what it says about what we made. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Openssl {
  readonly #folder = mkdtempSync(join(tmpdir(), "certedge-pki-"));

  /** Its standard output. Throws where it says no. */
  run(...flags: string[]): string {
    return execFileSync("openssl", flags, { cwd: this.#folder, encoding: "utf8", stdio: "pipe", timeout: 30_000 });
  }

  /** Whether it says yes, and all that it says. */
  try(...flags: string[]): { ok: boolean; said: string } {
    const { status, stdout, stderr } = spawnSync("openssl", flags, {
      cwd: this.#folder,
      encoding: "utf8",
      timeout: 30_000,
    });
    return { ok: status === 0, said: stdout + stderr };
  }

  write(file: string, content: string | Uint8Array): string {
    writeFileSync(join(this.#folder, file), content);
    return file;
  }

  read(file: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(readFileSync(join(this.#folder, file)));
  }

  text(file: string): string {
    return readFileSync(join(this.#folder, file), "utf8");
  }

  /** Makes a private key: "ec:P-256", "rsa:2048", or the name of an algorithm. The file's name. */
  key(file: string, kind = "ec:P-256"): string {
    const [algorithm = "", size] = kind.split(":");
    const option = algorithm === "ec" ? `ec_paramgen_curve:${size}` : `rsa_keygen_bits:${size}`;
    this.run("genpkey", "-algorithm", algorithm, ...(size ? ["-pkeyopt", option] : []), "-out", file);
    return file;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
