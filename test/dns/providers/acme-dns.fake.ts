/** A server of acme-dns: https://github.com/joohoi/acme-dns */
import { z } from "zod";
import { acmeDns } from "../../../src/dns/providers/acme-dns";
import { fakeApi, writtenContract } from "../../support/fake-api";
import { connectTo } from "../../support/provider-peer";

export const SUBDOMAIN = "d420c923-bbd7-4056-ab64-c3ca54c9b3cf";
export const FULL = `${SUBDOMAIN}.auth.example.net`;
export const credentials = {
  base_url: "https://auth.example.net",
  username: "c36f50e8-4632-44f0-83fe-e070fef28a10",
  password: "htB9mR9DYgcu9bX_afHF62erXaH2TS7bg9KW3F7Z",
  subdomain: SUBDOMAIN,
};

const contract = writtenContract({
  "POST /update": { body: z.strictObject({ subdomain: z.uuid(), txt: z.string().regex(/^[\w-]{43}$/) }) },
});

/** The server: two values, the older of which gives way. */
export function acmeDnsFake() {
  const values: string[] = [];
  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers["x-api-user"] === credentials.username && headers["x-api-key"] === credentials.password
        ? undefined
        : { status: 401, body: { error: "forbidden" } },
    routes: {
      "POST /update": ({ body }) => {
        const { txt } = body as { txt: string };
        values.push(txt);
        if (values.length > 2) values.shift();
        return { body: { txt } };
      },
    },
  });
  const connect = (more = {}) =>
    connectTo({ provider: acmeDns, credentials: { ...credentials, ...more }, http: api.http });
  return { api, values, connect };
}
