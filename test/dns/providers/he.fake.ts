/** A dynamic record of Hurricane Electric: https://dns.he.net/docs.html */
import { z } from "zod";
import { he } from "../../../src/dns/providers/he";
import { fakeApi, writtenContract } from "../../support/fake-api";
import { connectTo } from "../../support/provider-peer";

export const NAME = "_acme-challenge.example.com";
export const KEY = "k1Xn0vT7yQwErTy2";

const form = { hostname: z.string(), password: z.string() };
const contract = writtenContract({
  "POST /nic/update": {
    body: z.union([
      z.strictObject({ ...form, txt: z.string().min(1) }),
      z.strictObject({ ...form, myip: z.union([z.ipv4(), z.ipv6()]) }),
    ]),
  },
});

export function heFake() {
  const held: { value?: string } = {};
  const api = fakeApi({
    contract,
    refuse: ({ body }) => {
      const { hostname, password } = body as { hostname: string; password: string };
      if (hostname !== NAME) return { text: "nohost" };
      return password === KEY ? undefined : { text: "badauth" };
    },
    routes: {
      "POST /nic/update": ({ body }) => {
        const { txt, myip } = body as { txt?: string; myip?: string };
        const value = txt ?? myip ?? "";
        const word = held.value === value ? "nochg" : "good";
        held.value = value;
        return { text: `${word} "${value}"\n` };
      },
    },
  });
  const connect = (more = {}) =>
    connectTo({ provider: he, credentials: { hostname: NAME, key: KEY, ...more }, http: api.http });
  return { api, held, connect };
}
