/** A credential of a DNS provider is tried out by the zones that it sees. */
import { normaliseName } from "../../dns/names";
import type { DnsProvider } from "../../dns/provider";
import { Problem } from "../../problems";
import { type Trial, TrialFailure } from "./trial";

const MOST_NAMED = 10;

export const dnsTrial =
  (provider: DnsProvider): Trial =>
  async (fields, ports, zone) => {
    const { zones, hasZone } = provider.connect(fields, ports.providers);
    if (zones) {
      const seen = (await zones()).map(normaliseName).sort();
      if (seen.length === 0) throw new TrialFailure("It sees no zone at all.");
      const named = `${seen.slice(0, MOST_NAMED).join(", ")}${seen.length > MOST_NAMED ? ", …" : ""}`;
      return { detail: `It sees ${seen.length === 1 ? "one zone" : `${seen.length} zones`}: ${named}.`, repeats: true };
    }
    if (!hasZone) throw new Problem(422, `${provider.title} can be tried out by writing only: test its DNS account.`);
    if (zone === undefined) {
      throw new Problem(422, `${provider.title} cannot list its zones: name one in the request.`);
    }
    if (!(await hasZone(normaliseName(zone)))) throw new TrialFailure(`It sees no zone ${zone}.`);
    return { detail: `It sees the zone ${zone}.`, repeats: false };
  };
