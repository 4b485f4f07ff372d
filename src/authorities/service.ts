/** The authorities that an account can use: those of the catalogue and its own, and what is known of them. */
import { sql } from "drizzle-orm";
import type { Database } from "../storage/database";
import { type caAccounts, customAuthorities } from "../storage/schema";
import type { Authority } from "./authority";
import type { ReadDirectory } from "./capabilities";
import { authorities, knownAuthority } from "./catalogue";
import { authorityFrom, type CustomAuthorityPorts, createCustomAuthorities } from "./custom";
import { createDirectories, type DirectoryPorts, type DirectoryRow, readOf } from "./directories";

type CaAccountRow = Pick<typeof caAccounts.$inferSelect, "id" | "ownerId" | "authority" | "directoryUrl">;

/** What is known of the CA of an account, as capabilitiesOf() takes it. */
export interface AccountAuthority {
  authority: Authority;
  /** The directory as it was last read; nothing where it never was. */
  directory: ReadDirectory | undefined;
  directoryRow: DirectoryRow | undefined;
}

export type Authorities = ReturnType<typeof createAuthorities>;

export function createAuthorities(ports: DirectoryPorts & CustomAuthorityPorts) {
  const { database } = ports;
  const custom = createCustomAuthorities(ports);
  const directories = createDirectories(ports);

  return {
    custom,
    directories,

    /** Of the catalogue, or of the owner's own. Throws 404. */
    async describe(ownerId: number, id: string): Promise<Authority> {
      return knownAuthority(id) ?? authorityFrom(await custom.find(ownerId, id));
    },

    /** Of each of these accounts, by its id, in two queries however many they are. */
    async ofAccounts(rows: CaAccountRow[]): Promise<Map<string, AccountAuthority>> {
      const ownIds = rows.map(({ authority }) => authority).filter((id) => !knownAuthority(id));
      const [own, read] = await Promise.all([
        ownIds.length > 0 ? customByIds(database, ownIds) : new Map<string, Authority>(),
        directories.of(rows.map(({ directoryUrl }) => directoryUrl)),
      ]);
      const describe = ({ authority, directoryUrl }: CaAccountRow): AccountAuthority => {
        const directoryRow = read.get(directoryUrl);
        // An authority that was deleted says nothing of itself any more.
        const known = knownAuthority(authority) ?? own.get(authority) ?? authorities.custom;
        return { authority: known, directory: readOf(directoryRow), directoryRow };
      };
      return new Map(rows.map((row) => [row.id, describe(row)]));
    },
  };
}

/** The ids come from rows of CA accounts, which name none but their owner's. */
async function customByIds(database: Database, ids: string[]): Promise<Map<string, Authority>> {
  const among = sql`${customAuthorities.id} IN (SELECT value FROM json_each(${JSON.stringify([...new Set(ids)])}))`;
  const rows = await database.select().from(customAuthorities).where(among);
  return new Map(rows.map((row) => [row.id, authorityFrom(row)]));
}
