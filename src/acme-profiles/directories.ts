/** Answers ACME clients at the directories that people have made. */
import { and, eq, isNull, type SQL } from "drizzle-orm";
import { planInForce, plans } from "../accounts/plans";
import type { DirectoryPolicy, Verdict } from "../acme-server/policy";
import type { BuiltinCa } from "../builtin-ca/service";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, acmeProfiles } from "../storage/schema";
import type { ExternalAccountKeys } from "./external-account-keys";
import { provenAmong, refusalOf } from "./names";
import type { AcmeProfileRow } from "./service";

export interface DirectoryPorts {
  database: Database;
  builtinCa: Pick<BuiltinCa, "serve">;
  externalAccountKeys: ExternalAccountKeys;
  plansOn: boolean;
}

interface OwnedProfile {
  profile: AcmeProfileRow;
  /** Whether the owner's plan has certificates at all. */
  isEntitled: boolean;
}

export function createDirectories({ database, builtinCa, externalAccountKeys, plansOn }: DirectoryPorts) {
  async function profileBy(where: SQL): Promise<OwnedProfile | undefined> {
    const [found] = await database
      .select({ profile: acmeProfiles, plan: accounts.plan })
      .from(acmeProfiles)
      .innerJoin(accounts, eq(accounts.id, acmeProfiles.ownerId))
      .where(and(where, isNull(accounts.suspendedAt), isNull(accounts.closingAt)));
    if (!found) return undefined;
    return { profile: found.profile, isEntitled: plans[planInForce(found.plan, plansOn)].certificates > 0 };
  }

  function policyOf({ profile, isEntitled }: OwnedProfile, address: string | null): DirectoryPolicy {
    const { website, eabRequired, slug, title } = profile;
    return {
      meta: {
        externalAccountRequired: eabRequired,
        ...(website ? { website } : {}),
        profiles: { [slug]: title },
      },
      externalAccountKey: (kid) => externalAccountKeys.present(profile.id, kid, address),
      async judge({ externalAccountKeyId }, identifiers) {
        if (!isEntitled) {
          const refusal = "The plan of the directory's owner includes no certificates.";
          return identifiers.map(() => ({ refusal }));
        }
        const ofKey = externalAccountKeyId === null ? null : await externalAccountKeys.namesOf(externalAccountKeyId);
        const lists = [profile.allowedNames, ofKey].filter((list) => list !== null);
        // Only who was given a key, and for these names, has them without a proof.
        const isTrusted = externalAccountKeyId !== null && lists.length > 0;
        const proven = isTrusted ? await provenAmong(database, profile.ownerId, identifiers) : new Set<string>();
        return identifiers.map(({ value }): Verdict => {
          const refusal = refusalOf(value, lists);
          if (refusal) return { refusal };
          return proven.has(value) ? "proven" : "prove";
        });
      },
    };
  }

  async function serve(request: Request, owned: OwnedProfile | undefined, address: string | null): Promise<Response> {
    if (!owned) throw new Problem(404, "There is no ACME directory here. Look its address up with who runs it.");
    const { id: profileId, slug, lifetimeDays } = owned.profile;
    const base = `${new URL(request.url).origin}/acme/${slug}`;
    return builtinCa.serve(request, base, { profileId, lifetimeDays, policy: policyOf(owned, address) });
  }

  return {
    /** Any request below /acme/{slug}. Throws Problem 404. */
    fetch: async (request: Request, slug: string, address: string | null): Promise<Response> =>
      serve(request, await profileBy(eq(acmeProfiles.slug, slug)), address),

    /** The directory that is the installation's default; its resources are those of its profile. Throws Problem 404. */
    async fetchDefault(request: Request, address: string | null): Promise<Response> {
      const owned = await profileBy(eq(acmeProfiles.isDefault, true));
      const url = new URL(`/acme/${owned?.profile.slug}/directory`, request.url);
      return serve(new Request(url, request), owned, address);
    },
  };
}
