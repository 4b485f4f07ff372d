/** Lets Node find the TypeScript files of test/support, whose imports carry no ending; Node itself strips the types. */
import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith(".") && context.parentURL?.endsWith(".ts")) {
      const file = new URL(`${specifier}.ts`, context.parentURL);
      if (existsSync(fileURLToPath(file))) return next(file.href, context);
    }
    return next(specifier, context);
  },
});
