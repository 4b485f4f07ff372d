/**
 * A service of the person's own that sets and removes challenge values, asked as lego's httpreq asks it, in both its modes:
 * https://go-acme.github.io/lego/dns/httpreq/
 */
import { z } from "zod";
import { basicAuth } from "../digests";
import { isWithin } from "../names";
import { address, choice, defineProvider, field, type RecordValue, secret } from "../provider";
import { zoneList, zonesIn } from "../zone-list";

/** lego's own words. */
const modes = ["default", "RAW"] as const;

export const webhook = defineProvider({
  id: "webhook",
  title: "Webhook",
  credentials: z.strictObject({
    base_url: address("Address", "https://dns.example.net/hook: present and cleanup are POSTed below it"),
    username: field("User name", "for basic authentication").optional(),
    password: secret("Password", "for basic authentication").optional(),
    mode: choice("Mode", "RAW: the service is told the challenge, and makes name and value itself", modes).default(
      "default",
    ),
    zones: zoneList("example.com, example.org: those that the service writes to"),
  }),
  needs: "the user name and the password that the service asks for",
  minimumTtl: 1,
  writes: "one record per value",

  connect({ base_url, username = "", password = "", mode, zones: given }, http) {
    const zones = zonesIn(given);
    const isOpen = username === "" && password === "";
    const api = http.withBase(base_url, isOpen ? {} : { authorization: basicAuth(username, password) });

    const tell = (call: "present" | "cleanup") => async (zone: string, record: RecordValue) => {
      if (!zones.includes(zone) || !isWithin(record.name, zone)) {
        throw http.error("zone_not_found", `${zone} is not among the zones of the account.`);
      }
      const told = mode === "RAW" ? byChallenge(record) : byValue(record);
      await api.send("POST", call, told, call === "cleanup" ? { gone: "ok" } : {});
    };

    function byValue({ name, type, value }: RecordValue) {
      if (type !== "TXT") throw http.error("refused", "It takes TXT values of challenges, and no host names.");
      return { fqdn: `${name}.`, value };
    }

    function byChallenge({ name, challenge }: RecordValue) {
      if (!challenge)
        throw http.error("refused", `Its mode RAW is for challenges of dns-01 alone: ${name} is of none.`);
      const { domain, token, keyAuthorization } = challenge;
      return { domain, token, keyAuth: keyAuthorization };
    }

    return {
      zones: async () => zones,
      add: tell("present"),
      remove: tell("cleanup"),
      async replace() {
        throw http.error("refused", "It takes TXT values of challenges, and no host names.");
      },
    };
  },
});
