/** The Worker as it would be deployed. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { node, run, wrangler } from "../scripts/set-up.mjs";
import { newFolder } from "./surroundings.mjs";
import { printTable, rounded } from "./table.mjs";

const kibibytes = (bytes) => `${rounded(bytes / 1024)} KiB`;

export async function size() {
  const modules = await bundle(newFolder());
  const cells = modules.map(({ name, content }) => [
    name,
    kibibytes(content.length),
    kibibytes(gzipSync(content).length),
  ]);
  console.log("\n### Size of the bundle\n");
  printTable(["module", "size", "gzipped"], cells);
}

/** Bundles into the folder; the modules that would be deployed. */
export async function bundle(folder) {
  await run(node, [wrangler, "deploy", "--dry-run", "--outdir", folder], { quiet: true });
  const names = readdirSync(folder).filter((name) => !/\.map$|^README\.md$/.test(name));
  return names.map((name) => ({ name, content: readFileSync(path.join(folder, name)) }));
}
