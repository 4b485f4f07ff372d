/** Whether the names of a certificate can be proven in the way that was asked for. */
import { challengeNames } from "../acme/challenges";
import { Problem } from "../problems";
import type { ChallengeZones } from "../zones/challenges";
import type { NewCertificate } from "./certificate-rows";
import { pinOf } from "./challenge-places";

/** Whether there is a place for what the names are to be proven by. Throws Problem 422, 403. */
export async function requireProvable(
  challengeZones: ChallengeZones,
  ownerId: number,
  names: string[],
  way: Pick<NewCertificate, "dnsProvider" | "dnsAccountId" | "domainAlias" | "challengeType"> & {
    instanceId?: string | null;
  },
  { accountUrl }: { accountUrl: string | null },
): Promise<void> {
  const alias = way.domainAlias ?? undefined;
  if (way.challengeType === "dns-persist-01") {
    // Its records may well be set by a person, in a zone that certedge never sees.
    if (alias === undefined) return;
    const detail = "dns-persist-01 needs no domain_alias: its record is set once, where the name itself is.";
    throw new Problem(422, detail, { errors: [{ pointer: "/domain_alias", detail }] });
  }
  const type = way.challengeType ?? "dns-01";
  // The label of an account that is not registered yet is not known: its order looks for the alias.
  const isKnown = type === "dns-01" || accountUrl !== null;
  const nameOf = await challengeNames(isKnown ? type : "dns-01", accountUrl ?? "");
  await challengeZones.locate(ownerId, names, pinOf(way), isKnown ? alias : undefined, nameOf);
}
