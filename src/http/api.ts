/** What every group of routes is made of: typed variables, and validation failures as problem documents. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Access, AccountIdentity } from "../accounts/identity";
import { type FieldProblem, Problem } from "../problems";
import type { Services } from "../services";
import "./messages";

export interface AppEnv {
  Bindings: Env;
  Variables: { services: Services; access: Access; account: AccountIdentity };
}

interface Issue {
  path: PropertyKey[];
  message: string;
  code?: string;
  keys?: string[];
}

/** Where an input came from, and how its fields are pointed at. */
const prefixes: Record<string, string> = { json: "", form: "", query: "?", param: "path:", header: "header:" };

export const api = () =>
  new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = (result.error.issues as Issue[]).flatMap((issue) => fieldProblems(issue, result.target));
      const [first] = errors;
      const detail =
        errors.length === 1 && first ? `${first.pointer || "The body"}: ${first.detail}` : "Some fields are invalid.";
      throw new Problem(422, detail, { errors });
    },
  });

/** RFC 6901 §3. */
export const jsonPointer = (parts: PropertyKey[]): string =>
  parts.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** An unknown field is pointed at by its own name, not by its parent's. */
function fieldProblems({ path, message, code, keys }: Issue, target: string): FieldProblem[] {
  const prefix = prefixes[target] ?? "";
  const pointerTo = (parts: PropertyKey[]) => (prefix === "" ? jsonPointer(parts) : prefix + parts.join("."));
  if (code === "unrecognized_keys" && keys) {
    return keys.map((key) => ({ pointer: pointerTo([...path, key]), detail: `There is no field "${key}" here.` }));
  }
  return [{ pointer: pointerTo(path), detail: message }];
}
