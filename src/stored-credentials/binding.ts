/** What is bound to an instance is used by what is bound to the same one alone. */
import { and, eq } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { instances } from "../storage/schema";

/** Throws 422 for an instance that the owner has not. */
export async function requireInstance(database: Database, ownerId: number, instanceId: string | null): Promise<void> {
  if (instanceId === null) return;
  const [found] = await database
    .select({ id: instances.id })
    .from(instances)
    .where(and(eq(instances.id, instanceId), eq(instances.ownerId, ownerId)));
  if (found) return;
  const detail = `There is no instance ${instanceId}.`;
  throw new Problem(422, detail, { errors: [{ pointer: "/instance_id", detail }] });
}

/** Whether something that is bound to `bound`, or to nothing, may be used for what is of `instanceId`. */
export const isFor = (bound: string | null, instanceId: string | null): boolean =>
  bound === null || bound === instanceId;
