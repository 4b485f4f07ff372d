/** `npm run check`: types, style, directions, migrations in step with the schema, and the size of the bundle. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { ensureInstalled, node, root, run, wrangler } from "./set-up.mjs";

const MOST_GZIPPED = 1024 * 1024;

const packages = path.join(root, "node_modules");
const scratch = mkdtempSync(path.join(os.tmpdir(), "certedge-check-"));

/** Runs a package's own program; gives its output. */
const program = (file, ...programArguments) =>
  run(node, [path.join(packages, file), ...programArguments], { quiet: true });

/** Title → what throws an Error when it does not hold, else may give a line to show. */
const checks = {
  "types of src": () => program("typescript/bin/tsc", "-p", root),
  "types of test": () => program("typescript/bin/tsc", "-p", path.join(root, "test")),
  "types of the bindings": () => program(path.relative(packages, wrangler), "types", "--check"),
  style: () => program("@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "--colors=off"),
  directions: () => run(node, [path.join(root, "scripts", "check-directions.mjs")], { quiet: true }),
  migrations: checkMigrations,
  bundle: checkBundle,
};

/** drizzle-kit is asked for the next migration: there must be nothing to migrate. */
async function checkMigrations() {
  const folder = path.join(scratch, "migrations");
  cpSync(path.join(root, "migrations"), folder, { recursive: true });
  const before = readdirSync(folder);
  const flags = ["--dialect", "sqlite", "--schema", "./src/storage/schema.ts", "--name", "missing"];
  // drizzle-kit takes its folders as relative ones only.
  const said = await program("drizzle-kit/bin.cjs", "generate", ...flags, "--out", path.relative(root, folder));
  // It ends well, too, when it would have to ask whether something was renamed.
  if (said.includes("No schema changes")) return;
  const missing = readdirSync(folder).filter((name) => !before.includes(name));
  const statements = missing.map((name) => readFileSync(path.join(folder, name), "utf8")).join("\n");
  throw new Error(`The schema has changed. Make the migration with: npm run migration\n${statements}`);
}

/** The Worker as it would be deployed. */
async function checkBundle() {
  const folder = path.join(scratch, "bundle");
  await program(path.relative(packages, wrangler), "deploy", "--dry-run", "--outdir", folder);
  const modules = readdirSync(folder).filter((name) => !/\.map$|^README\.md$/.test(name));
  const size = modules.reduce((sum, name) => sum + gzipSync(readFileSync(path.join(folder, name))).length, 0);
  const kibibytes = `${(size / 1024).toFixed(0)} KiB gzipped`;
  if (size >= MOST_GZIPPED) throw new Error(`The bundle has ${kibibytes}; it must stay below 1024 KiB.`);
  return kibibytes;
}

async function main() {
  await ensureInstalled();
  const outcomes = await Promise.all(
    Object.entries(checks).map(async ([title, check]) => {
      const started = Date.now();
      try {
        const said = await check();
        const remark = title === "bundle" ? `: ${said}` : "";
        console.log(`✓ ${title}${remark} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
        return true;
      } catch (error) {
        console.error(`✗ ${title}\n${(error.output || error.message).trimEnd().replace(/^/gm, "    ")}`);
        return false;
      }
    }),
  );
  if (outcomes.includes(false)) process.exitCode = 1;
}

try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
