/** The D1 database through Drizzle. */
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import * as schema from "./schema";

export type Database = DrizzleD1Database<typeof schema>;

/**
 * Errors of a query hold its bound values, so a secret may be in their message: http/problem.ts and the objects never
 * show or log the message of an error that is not one of our own classes.
 */
export const openDatabase = (d1: D1Database): Database => drizzle(d1, { schema });
