/** The fakes of the providers' APIs by the providers' ids, each with a zone to write to: for what is measured of all of them. */
import type { RecordValue, ZoneConnection } from "../../../src/dns/provider";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { acmeDnsFake, FULL } from "./acme-dns.fake";
import { akamaiFake } from "./akamai.fake";
import { alidnsFake } from "./alidns.fake";
import { azureFake } from "./azure.fake";
import { bunnyFake } from "./bunny.fake";
import { cloudflareFake } from "./cloudflare.fake";
import { desecFake } from "./desec.fake";
import { digitaloceanFake } from "./digitalocean.fake";
import { dnsimpleFake } from "./dnsimple.fake";
import { dnsmadeeasyFake } from "./dnsmadeeasy.fake";
import { duckdnsFake, HOST } from "./duckdns.fake";
import { dynv6Fake } from "./dynv6.fake";
import { gandiFake } from "./gandi.fake";
import { godaddyFake } from "./godaddy.fake";
import { googleFake } from "./google.fake";
import { heFake, NAME } from "./he.fake";
import { hetznerFake } from "./hetzner.fake";
import { hostingerFake } from "./hostinger.fake";
import { infomaniakFake } from "./infomaniak.fake";
import { inwxFake } from "./inwx.fake";
import { ionosFake } from "./ionos.fake";
import { linodeFake } from "./linode.fake";
import { namecheapFake } from "./namecheap.fake";
import { namedotcomFake } from "./namedotcom.fake";
import { namesiloFake } from "./namesilo.fake";
import { netcupFake } from "./netcup.fake";
import { netlifyFake } from "./netlify.fake";
import { njallaFake } from "./njalla.fake";
import { ns1Fake } from "./ns1.fake";
import { ovhFake } from "./ovh.fake";
import { porkbunFake } from "./porkbun.fake";
import { powerdnsFake } from "./powerdns.fake";
import { route53Fake } from "./route53.fake";
import { scalewayFake } from "./scaleway.fake";
import { tencentcloudFake } from "./tencentcloud.fake";
import { transipFake } from "./transip.fake";
import { vercelFake } from "./vercel.fake";
import { vultrFake } from "./vultr.fake";
import { webhookFake } from "./webhook.fake";

export interface FakedZone {
  connection: ZoneConnection;
  zone: string;
  /** The name of the challenges of a host. */
  nameOf(host: string): string;
  /** "GET /zones", as they come. */
  requests: string[];
}

const ZONE = "example.com";

/** An account with zones. */
const inZone = (make: () => FakeProvider) => (): FakedZone => {
  const fake = make();
  fake.addZone(ZONE);
  const nameOf = (host: string) => `_acme-challenge.${host}.${ZONE}`;
  return { connection: connectTo(fake), zone: ZONE, nameOf, requests: fake.api.requests };
};

/** An account that is for names of its own. */
const at =
  (
    make: () => { connect(): ZoneConnection; api: FakeProvider["api"] },
    zone = ZONE,
    name = `_acme-challenge.${zone}`,
  ) =>
  (): FakedZone => {
    const { connect, api } = make();
    return { connection: connect(), zone, nameOf: () => name, requests: api.requests };
  };

export const fakedZones: Record<string, () => FakedZone> = {
  "acme-dns": at(acmeDnsFake, FULL, FULL),
  akamai: inZone(akamaiFake),
  alidns: inZone(alidnsFake),
  azure: inZone(azureFake),
  bunny: inZone(bunnyFake),
  cloudflare: inZone(cloudflareFake),
  desec: inZone(desecFake),
  digitalocean: inZone(digitaloceanFake),
  dnsimple: inZone(dnsimpleFake),
  dnsmadeeasy: inZone(dnsmadeeasyFake),
  duckdns: at(duckdnsFake, HOST, `_acme-challenge.${HOST}`),
  dynv6: inZone(dynv6Fake),
  gandi: inZone(gandiFake),
  godaddy: inZone(godaddyFake),
  google: inZone(googleFake),
  he: at(heFake, NAME, NAME),
  hetzner: inZone(hetznerFake),
  hostinger: inZone(hostingerFake),
  infomaniak: inZone(infomaniakFake),
  inwx: inZone(inwxFake),
  ionos: inZone(ionosFake),
  linode: inZone(linodeFake),
  namecheap: inZone(namecheapFake),
  namedotcom: inZone(namedotcomFake),
  namesilo: inZone(namesiloFake),
  netcup: inZone(netcupFake),
  netlify: inZone(netlifyFake),
  njalla: inZone(njallaFake),
  ns1: inZone(ns1Fake),
  ovh: inZone(ovhFake),
  porkbun: inZone(porkbunFake),
  powerdns: inZone(powerdnsFake),
  route53: inZone(route53Fake),
  scaleway: inZone(scalewayFake),
  tencentcloud: inZone(tencentcloudFake),
  transip: inZone(transipFake),
  vercel: inZone(vercelFake),
  vultr: inZone(vultrFake),
  webhook: at(webhookFake),
};

const VALUES = ["nQxTz4dpDx0eHJhGIHBHp8VNWbEhgGBVKxYKMmXPYpA", "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo"] as const;

/** What is asked to place the value of a challenge, or those of a name and its wildcard, and to remove them again, once the zone is known and the session is open. */
export async function callsPerChallenge({ connection, zone, nameOf, requests }: FakedZone, values = 1) {
  const recordsOf = (host: string) =>
    VALUES.slice(0, values).map((value) => ({ name: nameOf(host), type: "TXT" as const, value, ttl: 60 }));

  /** As the zone's object does. */
  async function place(records: RecordValue[]) {
    const added = records.map((record) => ({ ...record, isNew: true }));
    if (connection.addAll) await connection.addAll(zone, added);
    else for (const record of added) await connection.add(zone, record);
    return requests.splice(0);
  }
  async function remove(records: RecordValue[]) {
    if (connection.removeAll) await connection.removeAll(zone, records);
    else for (const record of records) await connection.remove(zone, record);
    return requests.splice(0);
  }

  await place(recordsOf("first"));
  await remove(recordsOf("first"));
  return { placing: await place(recordsOf("second")), removing: await remove(recordsOf("second")) };
}
