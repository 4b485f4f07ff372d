/** An account's own authorities: a private CA, or one that the catalogue does not know. */
import { and, asc, count, eq } from "drizzle-orm";
import type { PlanHolder } from "../accounts/plan-limits";
import { requireAny } from "../accounts/plans";
import { CertificateError } from "../pki/certificate";
import { PemError } from "../pki/pem";
import { readRoots } from "../pki/trust";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { caAccounts, certificates, customAuthorities as table } from "../storage/schema";
import type { AuthoritySupport } from "../storage/tables/authorities";
import type { Authority } from "./authority";
import { knownAuthority } from "./catalogue";

export type CustomAuthorityRow = typeof table.$inferSelect;

export interface CustomAuthoritySettings {
  title: string;
  productionUrl: string | null;
  stagingUrl: string | null;
  rootsPem: string | null;
  supports: AuthoritySupport;
}

/** More than anybody has; it bounds what one account can fill. */
const MOST = 200;

/** A custom authority in the form of the catalogue's. */
export function authorityFrom({ title, productionUrl, stagingUrl, supports }: CustomAuthorityRow): Authority {
  return {
    title,
    directories: {
      ...(productionUrl ? { production: productionUrl } : {}),
      ...(stagingUrl ? { staging: stagingUrl } : {}),
    },
    externalAccountRequired: false,
    profiles: { "": supports },
    limits: {},
    caaIdentities: [],
    isPrivate: true,
  };
}

export interface CustomAuthorityPorts {
  database: Database;
  /** Throws Problem 422 for a URL that a user may not make the Worker call, pointing at the field. */
  checkUrl: (url: string, pointer: string) => string;
  now: () => number;
}

export type CustomAuthorities = ReturnType<typeof createCustomAuthorities>;

export function createCustomAuthorities({ database, checkUrl, now }: CustomAuthorityPorts) {
  const of = (ownerId: number, id: string) => and(eq(table.id, id), eq(table.ownerId, ownerId));

  const list = (ownerId: number): Promise<CustomAuthorityRow[]> =>
    database.select().from(table).where(eq(table.ownerId, ownerId)).orderBy(asc(table.title)).limit(MOST);

  /** Throws 404, and 403 for one of the catalogue, which nobody changes. */
  async function find(ownerId: number, id: string): Promise<CustomAuthorityRow> {
    if (knownAuthority(id)) {
      throw new Problem(403, `${id} is of the catalogue, which is the same for all. Add an authority of your own.`);
    }
    const [row] = await database.select().from(table).where(of(ownerId, id));
    if (!row) throw new Problem(404, "Authority not found");
    return row;
  }

  /** The names of the accounts that are registered with it. */
  async function accountsOf({ ownerId, id }: CustomAuthorityRow): Promise<{ name: string; environment: string }[]> {
    return database
      .select({ name: caAccounts.name, environment: caAccounts.environment })
      .from(caAccounts)
      .where(and(eq(caAccounts.ownerId, ownerId), eq(caAccounts.authority, id)))
      .orderBy(asc(caAccounts.name));
  }

  /** The certificates that have to come from it. */
  async function domainsOf({ ownerId, id }: CustomAuthorityRow): Promise<string[]> {
    const those = await database
      .select({ domain: certificates.domain })
      .from(certificates)
      .where(and(eq(certificates.ownerId, ownerId), eq(certificates.authority, id)))
      .orderBy(asc(certificates.domain));
    return those.map(({ domain }) => domain);
  }

  /** Throws 422. */
  async function checked(given: CustomAuthoritySettings): Promise<CustomAuthoritySettings> {
    const { title, productionUrl, stagingUrl, rootsPem, supports } = given;
    if (!productionUrl && !stagingUrl) {
      const detail = "An authority needs a production_url, a staging_url or both.";
      throw new Problem(422, detail, { errors: [{ pointer: "/production_url", detail }] });
    }
    if (rootsPem !== null) await requireRoots(rootsPem);
    return {
      title,
      productionUrl: productionUrl && checkUrl(productionUrl, "/production_url"),
      stagingUrl: stagingUrl && checkUrl(stagingUrl, "/staging_url"),
      rootsPem,
      supports,
    };
  }

  const taken = (title: string) => {
    const detail = `There is an authority "${title}" already.`;
    return new Problem(409, detail, { errors: [{ pointer: "/title", detail }] });
  };

  return {
    list,
    find,

    /** Throws 409 for a title that is taken, 422 for what cannot be used. */
    async create(owner: PlanHolder, given: CustomAuthoritySettings): Promise<CustomAuthorityRow> {
      requireAny(owner, "caAccounts");
      const ownerId = owner.id;
      const settings = await checked(given);
      const [held] = await database.select({ rows: count() }).from(table).where(eq(table.ownerId, ownerId));
      if ((held?.rows ?? 0) >= MOST) throw new Problem(403, `An account has ${MOST} authorities at most.`);
      const row = { id: crypto.randomUUID(), ownerId, ...settings, createdAt: now(), updatedAt: now() };
      const stored = await database.insert(table).values(row).onConflictDoNothing().returning({ id: table.id });
      if (stored.length === 0) throw taken(settings.title);
      return row;
    },

    /** Throws 404; 409 for a title that is taken, and for a directory that accounts are registered at. */
    async change(ownerId: number, id: string, change: Partial<CustomAuthoritySettings>): Promise<CustomAuthorityRow> {
      const row = await find(ownerId, id);
      const changed = { ...row, ...(await checked({ ...row, ...change })), updatedAt: now() };
      const moved = [
        ...(changed.productionUrl === row.productionUrl ? [] : ["production"]),
        ...(changed.stagingUrl === row.stagingUrl ? [] : ["staging"]),
      ];
      const there = moved.length > 0 ? await accountsOf(row) : [];
      const held = there.filter(({ environment }) => moved.includes(environment)).map(({ name }) => name);
      if (held.length > 0) {
        const detail = `These CA accounts are registered at its directory: ${held.join(", ")}. Add another authority.`;
        throw new Problem(409, detail, { extra: { ca_accounts: held } });
      }
      const { title, productionUrl, stagingUrl, rootsPem, supports, updatedAt } = changed;
      const set = { title, productionUrl, stagingUrl, rootsPem, supports, updatedAt };
      const others = (await list(ownerId)).some((other) => other.id !== id && other.title === title);
      if (others) throw taken(title);
      await database.update(table).set(set).where(of(ownerId, id));
      return changed;
    },

    /** Throws 404, and 409 that lists what names it: CA accounts, certificates. */
    async remove(ownerId: number, id: string): Promise<CustomAuthorityRow> {
      const row = await find(ownerId, id);
      const accounts = (await accountsOf(row)).map(({ name }) => name);
      if (accounts.length > 0) {
        const detail = `These CA accounts are registered with it: ${accounts.join(", ")}. Delete them first.`;
        throw new Problem(409, detail, { extra: { ca_accounts: accounts } });
      }
      const domains = await domainsOf(row);
      if (domains.length > 0) {
        const detail = `These certificates have to come from it: ${domains.join(", ")}. Change their authority first.`;
        throw new Problem(409, detail, { extra: { certificates: domains } });
      }
      await database.delete(table).where(of(ownerId, id));
      return row;
    },
  };
}

/** Throws 422 for what is not a list of certificates that can issue others. */
async function requireRoots(pem: string): Promise<void> {
  const refuse = (detail: string) => new Problem(422, detail, { errors: [{ pointer: "/roots_pem", detail }] });
  const roots = await readRoots(pem).catch((error) => {
    if (error instanceof PemError || error instanceof CertificateError) throw refuse(error.message);
    throw error;
  });
  if (roots.length === 0) throw refuse("There is no CERTIFICATE block in roots_pem.");
  const leaf = roots.find(({ isAuthority }) => !isAuthority);
  if (leaf) throw refuse(`${leaf.subject} is no certificate of an authority: it may not issue others.`);
}
