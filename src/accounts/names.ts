/** The names that people sign in by. */
import { and, eq, isNotNull } from "drizzle-orm";
import { accounts } from "../storage/schema";

/** The account of a user name, in lower case, or of an e-mail address: one stands for the account that has verified it. */
export const isNamed = (name: string) =>
  name.includes("@") ? and(eq(accounts.email, name), isNotNull(accounts.emailVerifiedAt)) : eq(accounts.username, name);
