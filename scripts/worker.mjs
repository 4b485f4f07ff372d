/**
 * The Worker in workerd, as `wrangler dev` runs it but without watching the sources: an edit must not restart it in the
 * middle of an order. Started by start.mjs, with the project's own Node and one JSON argument; ends with its parent.
 */
import path from "node:path";
import { unstable_startWorker } from "wrangler";

const { port, data, settings } = JSON.parse(process.argv[2] ?? "{}");

/** What the Worker logs, as it is; of what workerd says about itself, the cause without its stack. */
function show({ level, message }) {
  const text = message.includes("\nstack: ")
    ? `workerd: ${message.split("\n", 1)[0].replace(/^.*failed: /, "")}`
    : message;
  const line = level === "warn" || level === "error" ? `${level}: ${text}` : text;
  (level === "error" ? process.stderr : process.stdout).write(`${line}\n`);
}

const worker = await unstable_startWorker({
  config: path.resolve(import.meta.dirname, "../wrangler.toml"),
  bindings: Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, { type: "plain_text", value }])),
  dev: {
    watch: false,
    remote: false,
    inspector: false,
    logLevel: "error",
    persist: data,
    server: { hostname: "127.0.0.1", port },
    structuredLogsHandler: show,
  },
}).catch((error) => {
  console.error(error.cause?.message ?? error.message);
  process.exit(1);
});

async function stop() {
  await worker.dispose().catch(() => undefined);
  process.exit(0);
}

process.on("disconnect", stop);
process.on("SIGTERM", stop);
