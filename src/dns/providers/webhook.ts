/**
 * A service of the person's own that sets and removes challenge values, asked as lego's httpreq asks it in its default mode:
 * https://go-acme.github.io/lego/dns/httpreq/. (Its raw mode hands the account's key authorization out, which stays here.)
 */
import { z } from "zod";
import { basicAuth } from "../digests";
import { isWithin } from "../names";
import { address, defineProvider, field, type RecordValue, secret } from "../provider";
import { zoneList, zonesIn } from "../zone-list";

export const webhook = defineProvider({
  id: "webhook",
  title: "Webhook",
  credentials: z.strictObject({
    base_url: address("Address", "https://dns.example.net/hook: present and cleanup are POSTed below it"),
    username: field("User name", "for basic authentication").optional(),
    password: secret("Password", "for basic authentication").optional(),
    zones: zoneList("example.com, example.org: those that the service writes to"),
  }),
  needs: "the user name and the password that the service asks for",
  minimumTtl: 1,
  writes: "one record per value",

  connect({ base_url, username = "", password = "", zones: given }, http) {
    const zones = zonesIn(given);
    const isOpen = username === "" && password === "";
    const api = http.withBase(base_url, isOpen ? {} : { authorization: basicAuth(username, password) });

    const tell =
      (call: "present" | "cleanup") =>
      async (zone: string, { name, type, value }: RecordValue) => {
        if (!zones.includes(zone) || !isWithin(name, zone)) {
          throw http.error("zone_not_found", `${zone} is not among the zones of the account.`);
        }
        if (type !== "TXT") throw http.error("refused", "It takes TXT values of challenges, and no host names.");
        await api.send("POST", call, { fqdn: `${name}.`, value }, call === "cleanup" ? { gone: "ok" } : {});
      };

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
