/** The built-in CA's own certificates and keys: made at first use, sealed, kept in D1; each generation takes over from the last. */
import { desc, eq, inArray, sql } from "drizzle-orm";
import { readCertificate } from "../pki/certificate";
import { createIntermediate, createRoot, type IssuerMaterial, type IssuerPointers } from "../pki/issuing";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { acmeCertificates, builtinIssuers, installation } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import type { ImportedIssuer } from "./imported-issuer";
import type { BuiltinCaSettings } from "./settings";

export type IssuerRow = typeof builtinIssuers.$inferSelect;

/** One that can sign. */
export interface OpenIssuer {
  row: IssuerRow;
  material: IssuerMaterial;
  /** What a server sends after its own certificate. */
  chainPem: string;
  pointers: IssuerPointers | undefined;
}

export interface IssuerPorts {
  database: Database;
  sealer: Sealer;
  settings: () => BuiltinCaSettings;
  now: () => number;
}

const YEAR = 365 * 86_400_000;
/** Clocks of clients may be behind. */
const BACKDATE = 3_600_000;
/** Another isolate may have made a new generation: it is looked for this often. */
const LOOK_AGAIN = 60_000;

const ROOT = "builtin_ca_root_certificate";
const ROOT_KEY = "builtin_ca_root_key";
/** Where the only issuing certificate was before there were generations. */
const FORMER = { id: "first", certificate: "builtin_ca_issuing_certificate", key: "builtin_ca_issuing_key" };

const placeInInstallation = (name: string) => `installation/${name}`;
const placeOf = (id: string) => `builtin_issuers/${id}/private_key`;

export type Issuers = ReturnType<typeof createIssuers>;

export function createIssuers({ database, sealer, settings, now }: IssuerPorts) {
  let held: { issuer: Promise<OpenIssuer>; until: number } | undefined;

  const newest = async (): Promise<IssuerRow | undefined> =>
    (await database.select().from(builtinIssuers).orderBy(desc(builtinIssuers.generation)).limit(1))[0];

  async function open(row: IssuerRow): Promise<OpenIssuer> {
    const privateKeyPem = await sealer.open(row.sealedPrivateKey, placeOf(row.id));
    return {
      row,
      material: { certificatePem: row.certificatePem, privateKeyPem },
      chainPem: row.certificatePem + row.intermediatesPem,
      pointers: pointersOf(row.id, settings().publicUrl),
    };
  }

  /** Of several that make a generation at once, one wins, and all use that one. */
  async function add(
    generation: number,
    id: string,
    source: IssuerRow["source"],
    issuer: ImportedIssuer,
  ): Promise<IssuerRow> {
    const { notBefore, notAfter } = await readCertificate(issuer.certificatePem);
    const { privateKeyPem, ...pems } = issuer;
    const sealedPrivateKey = await sealer.seal(privateKeyPem, placeOf(id));
    const row = { id, generation, source, ...pems, sealedPrivateKey, notBefore, notAfter, createdAt: now() };
    await database.insert(builtinIssuers).values(row).onConflictDoNothing();
    const [kept] = await database.select().from(builtinIssuers).where(eq(builtinIssuers.generation, generation));
    if (!kept) throw new Error("the issuing certificate was not stored");
    held = undefined;
    return kept;
  }

  async function makeUnder(root: IssuerMaterial, generation: number): Promise<IssuerRow> {
    const { name, issuingKeyType, issuingYears, permitted, publicUrl } = settings();
    const id = newId();
    const rootFacts = await readCertificate(root.certificatePem);
    const { certificatePem, privateKeyPem } = await createIntermediate({
      root,
      commonName: `${name} issuing ${id}`,
      keyType: issuingKeyType,
      notBefore: now() - BACKDATE,
      notAfter: Math.min(now() + issuingYears * YEAR, rootFacts.notAfter),
      permitted,
      pointers: pointersOf(id, publicUrl, "root"),
    });
    const rootPem = root.certificatePem;
    return add(generation, id, "made", { certificatePem, privateKeyPem, intermediatesPem: "", rootPem });
  }

  /** The root and its key, made once. */
  async function ownRoot(): Promise<IssuerMaterial> {
    const { name, rootKeyType, rootYears, permitted } = settings();
    const read = async () => {
      const rows = await database
        .select()
        .from(installation)
        .where(inArray(installation.name, [ROOT, ROOT_KEY]));
      return new Map(rows.map((row) => [row.name, row.value]));
    };
    let stored = await read();
    if (stored.size < 2) {
      const root = await createRoot({
        commonName: `${name} root ${newId()}`,
        keyType: rootKeyType,
        notBefore: now() - BACKDATE,
        notAfter: now() + rootYears * YEAR,
        permitted,
      });
      const sealed = await sealer.seal(root.privateKeyPem, placeInInstallation(ROOT_KEY));
      const values = [
        { name: ROOT, value: root.certificatePem },
        { name: ROOT_KEY, value: sealed },
      ];
      // One statement: either both are ours, or another's two are there already.
      await database.insert(installation).values(values).onConflictDoNothing();
      stored = await read();
    }
    const [certificatePem, key] = [stored.get(ROOT), stored.get(ROOT_KEY)];
    if (!certificatePem || !key) throw new Error("the root of the built-in CA was not stored");
    return { certificatePem, privateKeyPem: await sealer.open(key, placeInInstallation(ROOT_KEY)) };
  }

  /** The issuing certificate of before there were generations becomes the first of them. */
  async function adoptFormer(): Promise<IssuerRow | undefined> {
    const names = [ROOT, FORMER.certificate, FORMER.key];
    const rows = await database.select().from(installation).where(inArray(installation.name, names));
    const stored = new Map(rows.map(({ name, value }) => [name, value]));
    const [rootPem, certificatePem, key] = names.map((name) => stored.get(name));
    if (!rootPem || !certificatePem || !key) return undefined;
    const privateKeyPem = await sealer.open(key, placeInInstallation(FORMER.key));
    const row = await add(1, FORMER.id, "made", { certificatePem, privateKeyPem, intermediatesPem: "", rootPem });
    await database.batch([
      database.update(acmeCertificates).set({ issuerId: FORMER.id }).where(sql`issuer_id IS NULL`),
      database.delete(installation).where(inArray(installation.name, [FORMER.certificate, FORMER.key])),
    ]);
    return row;
  }

  async function openCurrent(): Promise<OpenIssuer> {
    const row = (await newest()) ?? (await adoptFormer()) ?? (await makeUnder(await ownRoot(), 1));
    return open(row);
  }

  return {
    root: ownRoot,

    /** The one that signs. */
    current(): Promise<OpenIssuer> {
      if (!held || held.until <= now()) {
        const issuer = openCurrent();
        held = { issuer, until: now() + LOOK_AGAIN };
        issuer.catch(() => {
          held = undefined;
        });
      }
      return held.issuer;
    },

    list: (): Promise<IssuerRow[]> => database.select().from(builtinIssuers).orderBy(desc(builtinIssuers.generation)),

    /** Throws Problem 404. */
    async find(id: string): Promise<OpenIssuer> {
      const [row] = await database.select().from(builtinIssuers).where(eq(builtinIssuers.id, id));
      if (!row) throw new Problem(404, "There is no such issuer.");
      return open(row);
    },

    /** A new issuing certificate with a new key takes over; what the last ones signed stays good. */
    async rotate(): Promise<IssuerRow> {
      const last = await newest();
      if (last?.source === "imported") {
        throw new Problem(409, "The issuing certificate was imported. Import its successor.");
      }
      return makeUnder(await ownRoot(), (last?.generation ?? 0) + 1);
    },

    /** An issuing certificate of the operator's own takes over. */
    async take(issuer: ImportedIssuer): Promise<IssuerRow> {
      const generation = ((await newest())?.generation ?? 0) + 1;
      const row = await add(generation, newId(), "imported", issuer);
      if (row.certificatePem !== issuer.certificatePem) {
        throw new Problem(409, "Another issuing certificate was taken in at the same time. Import it again.");
      }
      return row;
    },
  };
}

const newId = () => crypto.randomUUID().slice(0, 8);

/** By plain HTTP: whoever checks a certificate cannot need another one for that (RFC 5280 §8). */
function pointersOf(id: string, publicUrl: string, issuer = id): IssuerPointers | undefined {
  if (!URL.canParse(publicUrl)) return undefined;
  const base = `http://${new URL(publicUrl).host}/ca`;
  return { revocationList: `${base}/${issuer}.crl`, issuerCertificate: `${base}/${issuer}.crt` };
}
