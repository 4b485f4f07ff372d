/** The built-in CA's own certificates and keys: made at first use, sealed, kept in D1. */
import { eq, inArray } from "drizzle-orm";
import { createIntermediate, createRoot, type IssuerMaterial } from "../pki/issuing";
import type { Database } from "../storage/database";
import { installation } from "../storage/schema";
import type { Sealer } from "../storage/sealing";

export interface BuiltinIssuer {
  rootPem: string;
  issuing: IssuerMaterial;
}

const YEAR = 365 * 86_400_000;
const ROOT_YEARS = 20;
const ISSUING_YEARS = 10;
/** Clocks of clients may be behind. */
const BACKDATE = 3_600_000;

const ROOT = "builtin_ca_root_certificate";
const ROOT_KEY = "builtin_ca_root_key";
const ISSUING = "builtin_ca_issuing_certificate";
const ISSUING_KEY = "builtin_ca_issuing_key";

const placeOf = (name: string) => `installation/${name}`;

/** Reads the CA, or makes it. Of several that make it at once, one wins, and all use that one. */
export async function openIssuer(database: Database, sealer: Sealer, now: number): Promise<BuiltinIssuer> {
  const stored = (await read(database)) ?? (await make(database, sealer, now));
  const privateKeyPem = await sealer.open(valueIn(stored, ISSUING_KEY), placeOf(ISSUING_KEY));
  return { rootPem: valueIn(stored, ROOT), issuing: { certificatePem: valueIn(stored, ISSUING), privateKeyPem } };
}

async function read(database: Database): Promise<Map<string, string> | undefined> {
  const rows = await database
    .select()
    .from(installation)
    .where(inArray(installation.name, [ROOT, ISSUING, ISSUING_KEY]));
  return rows.length === 3 ? new Map(rows.map(({ name, value }) => [name, value])) : undefined;
}

async function make(database: Database, sealer: Sealer, now: number): Promise<Map<string, string>> {
  const id = crypto.randomUUID().slice(0, 8);
  const notBefore = now - BACKDATE;
  const root = await createRoot({
    commonName: `certedge root ${id}`,
    keyType: "p384",
    notBefore,
    notAfter: now + ROOT_YEARS * YEAR,
  });
  const issuing = await createIntermediate({
    root,
    commonName: `certedge issuing ${id}`,
    keyType: "p256",
    notBefore,
    notAfter: now + ISSUING_YEARS * YEAR,
  });
  const values = [
    { name: ROOT, value: root.certificatePem },
    { name: ROOT_KEY, value: await sealer.seal(root.privateKeyPem, placeOf(ROOT_KEY)) },
    { name: ISSUING, value: issuing.certificatePem },
    { name: ISSUING_KEY, value: await sealer.seal(issuing.privateKeyPem, placeOf(ISSUING_KEY)) },
  ];
  // One statement: either all four are ours, or another's four are there already.
  await database.insert(installation).values(values).onConflictDoNothing();
  const stored = await read(database);
  if (!stored) throw new Error("the built-in CA was not stored");
  return stored;
}

/** The root alone, for those who want to trust it. */
export async function readRoot(database: Database): Promise<string | undefined> {
  const [row] = await database.select().from(installation).where(eq(installation.name, ROOT));
  return row?.value;
}

function valueIn(stored: Map<string, string>, name: string): string {
  const value = stored.get(name);
  if (value === undefined) throw new Error(`${name} is missing`);
  return value;
}
