/** What the routes of instances have in common. */
import { z } from "@hono/zod-openapi";
import type { InstanceRow } from "../../instances/bindings";
import { signedIn } from "../guards";

/** For people, and keys of the account. */
export const managed = signedIn({ read: "instances:read", write: "instances:write" });

export const id = z.object({ id: z.uuid() });

/** For the audit log. */
export const subjectOf = ({ name }: Pick<InstanceRow, "name">) => `instance ${name}`;
