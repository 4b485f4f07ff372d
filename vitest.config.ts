import path from "node:path";
import { defineConfig } from "vitest/config";

const { cloudflareTest, readD1Migrations } = await import("@cloudflare/vitest-plugin");

const here = import.meta.dirname;
const secrets = {
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString("base64")}`,
  API_KEY_PEPPER: "pepper of the tests",
  CLAIM_TOKEN: "claim token of the tests",
  PDNS_SECRET: "pdns secret of the tests",
};

/** As [[rules]] of wrangler.toml has it: shell scripts are text. */
const shellScripts = {
  name: "shell-scripts",
  enforce: "pre" as const,
  transform: (code: string, id: string) => (id.endsWith(".sh") ? `export default ${JSON.stringify(code)}` : undefined),
};

export default defineConfig({
  test: {
    projects: [
      {
        // From outside: against one running Worker, real peers, and the pure parts.
        plugins: [shellScripts],
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/workerd/**"],
          globalSetup: ["test/support/global.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        // Inside workerd: what only the runtime itself can show.
        plugins: [
          shellScripts,
          cloudflareTest(async () => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: { ...secrets, TEST_MIGRATIONS: await readD1Migrations(path.join(here, "migrations")) },
            },
          })),
        ],
        test: { name: "workerd", include: ["test/workerd/**/*.test.ts"], testTimeout: 30_000 },
      },
    ],
  },
});
