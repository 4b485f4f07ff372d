/**
 * The direction rules of DESIGN: protocol code knows no bindings, services know no HTTP, and nothing knows the rim.
 * `node scripts/check-directions.mjs [folder]` prints every import and every global that breaks one, and where.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const protocol = ["acme", "acme-server", "pki", "dns", "ddns", "totp"];
const storage = ["storage", "problems"];
const services = [
  "accounts",
  "acme-profiles",
  "audit",
  "authorities",
  "builtin-ca",
  "ca-accounts",
  "certificates",
  "dns-accounts",
  "domains",
  "instances",
  "mail",
  "managed-challenges",
  "notifications",
  "settings",
  "stored-credentials",
  "two-factor",
  "zones",
];

/** What a part of src may import. A part is a folder of src, or a file of src without its ending. */
const allowed = {
  pki: [],
  dns: ["totp"],
  acme: [],
  "acme-server": ["pki", "dns"],
  ddns: ["dns"],
  totp: [],
  problems: [],
  storage: protocol,
  ...Object.fromEntries(services.map((part) => [part, [...protocol, ...storage, ...services]])),
  services: [...protocol, ...storage, ...services],
  http: [...protocol, ...storage, ...services, "services"],
  index: [...services, "services", "http"],
};

/** Protocol code uses these packages and no others: no hono, no drizzle-orm, no cloudflare:*. */
const protocolPackages = ["asn1js", "dns-packet", "jose", "pkijs", "zod"];

/** What protocol code is given as an argument instead. */
const protocolGlobals = {
  "Date.now()": /\bDate\.now\(/,
  "new Date()": /\bnew Date\(\)/,
  "Math.random()": /\bMath\.random\(/,
  // A file that has a fetch of its own names it somewhere else than in a call.
  "the global fetch": /^(?![\s\S]*(?<![.\w])fetch\b(?!\())[\s\S]*?(?<![.\w])fetch\(/,
  "a binding": /\b(D1Database|DurableObject\w*|Env)\b/,
};

/** Durable Objects are entry points, made by the platform: they fetch their services themselves. */
const isObject = (file) => file.endsWith("-object.ts");

const folder = path.resolve(process.argv[2] ?? fileURLToPath(new URL("../src", import.meta.url)));
const files = readdirSync(folder, { recursive: true })
  .map((file) => file.split(path.sep).join("/"))
  .filter((file) => file.endsWith(".ts"))
  .sort();
const sources = new Map(files.map((file) => [file, withoutComments(readFileSync(path.join(folder, file), "utf8"))]));

const problems = [
  ...files.flatMap((file) => importsOf(file).flatMap((found) => wrongImport(file, found))),
  ...files.filter((file) => protocol.includes(partOf(file))).flatMap(wrongGlobals),
  ...circles(),
];

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
} else console.log(`${files.length} files keep the directions.`);

/** Comments go, lines and strings stay. */
function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, "")).replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** "acme/client.ts" → "acme"; "problems.ts" → "problems" */
function partOf(file) {
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : file.replace(/\.ts$/, "");
}

function lineOf(text, index) {
  return text.slice(0, index).split("\n").length;
}

/** Every import, re-export and import() of a file; `target` is a file of src where it is one. */
function importsOf(file) {
  const text = sources.get(file);
  const pattern = /\b(?:(?:import|export)\s+(type\s)?[^"'`;]*?\bfrom\s*|import\s*\(\s*|import\s+)["']([^"']+)["']/g;
  return [...text.matchAll(pattern)].map(({ 1: isType, 2: name, index }) => ({
    name,
    isType: isType !== undefined,
    line: lineOf(text, index),
    target: name.startsWith(".")
      ? `${path.posix.join(path.posix.dirname(file), name).replace(/\.ts$/, "")}.ts`
      : undefined,
  }));
}

function wrongImport(file, { name, target, line, isType }) {
  const place = `src/${file}:${line}`;
  const part = partOf(file);
  if (!allowed[part])
    return [`${place}: ${part} has no place in the layers yet; give it one in scripts/check-directions.mjs.`];
  if (target === undefined) return wrongPackage(place, part, name);
  if (target.startsWith("../")) return [`${place}: ${name} is outside src.`];
  const other = partOf(target);
  if (isObject(target) && !isType && part !== "index") {
    return [`${place}: import only types of the Durable Object ${target}; it is reached through its binding.`];
  }
  if (other === part || allowed[part].includes(other) || (isObject(file) && other === "services")) return [];
  return [`${place}: ${part} may not import ${other} (${name}); it may import ${list(allowed[part])}.`];
}

function wrongPackage(place, part, name) {
  const base = name.startsWith("@") ? name.split("/").slice(0, 2).join("/") : name.split("/")[0];
  if (protocol.includes(part) && !protocolPackages.includes(base)) {
    return [`${place}: ${part} is protocol code and may not import ${name}; it may import ${list(protocolPackages)}.`];
  }
  const isRim = /^(hono|@hono\/.*)$/.test(base);
  if (isRim && part !== "http") return [`${place}: only http may import ${name}.`];
  return [];
}

function wrongGlobals(file) {
  const text = sources.get(file);
  return Object.entries(protocolGlobals).flatMap(([title, pattern]) => {
    const found = pattern.exec(text);
    if (!found) return [];
    const line = lineOf(text, found.index + found[0].length);
    return [`src/${file}:${line}: ${partOf(file)} is protocol code and may not use ${title}; take it as an argument.`];
  });
}

/** Services may use each other, but not in a circle; the way from an object to the composition root does not count. */
function circles() {
  const edges = new Map(services.map((part) => [part, new Set()]));
  for (const file of files) {
    for (const { target } of importsOf(file)) {
      const [from, to] = [partOf(file), target && partOf(target)];
      if (from !== to && edges.has(from) && edges.has(to)) edges.get(from).add(to);
    }
  }
  const found = [];
  const done = new Set();
  const visit = (part, trail) => {
    if (trail.includes(part)) {
      found.push(
        `src: the services import each other in a circle: ${[...trail.slice(trail.indexOf(part)), part].join(" → ")}.`,
      );
    } else if (!done.has(part)) {
      for (const next of edges.get(part)) visit(next, [...trail, part]);
      done.add(part);
    }
  };
  for (const part of services) visit(part, []);
  return found;
}

function list(names) {
  return names.length > 0 ? names.join(", ") : "nothing of src";
}
