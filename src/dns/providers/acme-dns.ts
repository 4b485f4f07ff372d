/**
 * acme-dns: a name server for challenges alone. An account is one name, to which a CNAME at _acme-challenge leads; it keeps
 * the two newest values, and nothing is ever removed. API: https://github.com/joohoi/acme-dns
 */
import { z } from "zod";
import { address, defineProvider, field, type RecordValue, secret } from "../provider";

const updated = z.object({ txt: z.string() });
/** The server takes no others. */
const CHALLENGE_VALUE = /^[A-Za-z0-9_-]{43}$/;

export const acmeDns = defineProvider({
  id: "acme-dns",
  title: "acme-dns",
  credentials: z.strictObject({
    base_url: address("Server", "https://acme-dns.example.net, where POST /register made the account"),
    username: field("User name", "as /register told it"),
    password: secret("Password", "as /register told it"),
    subdomain: field("Subdomain", "as /register told it; _acme-challenge of the domain is a CNAME to its fulldomain"),
  }),
  needs: "an account without allowfrom, as certedge's addresses change",
  minimumTtl: 1,
  writes: "one record per value",
  mostTxtValues: 2,

  connect({ base_url, username, password, subdomain }, http) {
    const api = http.withBase(base_url, { "x-api-user": username, "x-api-key": password });
    const isOurs = (name: string) => name.startsWith(`${subdomain.toLowerCase()}.`);

    async function add(zone: string, { name, type, value }: RecordValue): Promise<void> {
      if (name !== zone || !isOurs(name)) {
        throw http.error("zone_not_found", `The account holds values at its own name alone, not at ${name}.`);
      }
      if (type !== "TXT" || !CHALLENGE_VALUE.test(value)) {
        throw http.error("refused", "It holds the 43 characters of an ACME challenge and nothing else.");
      }
      const { txt } = await api.ask("POST", "update", { subdomain, txt: value }, updated);
      if (txt !== value)
        throw http.error("unavailable", "It says that it keeps another value than the one it was given.");
    }

    return {
      hasZone: async (name) => isOurs(name),
      add,
      remove: async () => undefined,
      async replace() {
        throw http.error("refused", "It is for ACME challenges: it has no host names.");
      },
    };
  },
});
