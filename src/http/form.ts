/** What a person has filled in. */
import type { Context } from "hono";
import { Problem } from "../problems";

/** The fields of a form; a file is none. Throws 400 for a body that is no form. */
export async function readForm(c: Context): Promise<Record<string, string>> {
  const given = await c.req.parseBody().catch(() => {
    throw new Problem(400, "The form cannot be read.");
  });
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
}
