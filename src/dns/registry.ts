/** The DNS providers that certedge can write to. */
import type { DnsProvider } from "./provider";
import { acmeDns } from "./providers/acme-dns";
import { akamai } from "./providers/akamai";
import { alidns } from "./providers/alidns";
import { azure } from "./providers/azure";
import { builtin } from "./providers/builtin";
import { bunny } from "./providers/bunny";
import { cloudflare } from "./providers/cloudflare";
import { desec } from "./providers/desec";
import { digitalocean } from "./providers/digitalocean";
import { dnsimple } from "./providers/dnsimple";
import { dnsmadeeasy } from "./providers/dnsmadeeasy";
import { duckdns } from "./providers/duckdns";
import { dynv6 } from "./providers/dynv6";
import { gandi } from "./providers/gandi";
import { godaddy } from "./providers/godaddy";
import { google } from "./providers/google";
import { he } from "./providers/he";
import { hetzner } from "./providers/hetzner";
import { hostinger } from "./providers/hostinger";
import { infomaniak } from "./providers/infomaniak";
import { inwx } from "./providers/inwx";
import { ionos } from "./providers/ionos";
import { linode } from "./providers/linode";
import { manual } from "./providers/manual";
import { namecheap } from "./providers/namecheap";
import { namedotcom } from "./providers/namedotcom";
import { namesilo } from "./providers/namesilo";
import { netcup } from "./providers/netcup";
import { netlify } from "./providers/netlify";
import { njalla } from "./providers/njalla";
import { ns1 } from "./providers/ns1";
import { ovh } from "./providers/ovh";
import { porkbun } from "./providers/porkbun";
import { powerdns } from "./providers/powerdns";
import { rfc2136 } from "./providers/rfc2136";
import { route53 } from "./providers/route53";
import { scaleway } from "./providers/scaleway";
import { tencentcloud } from "./providers/tencentcloud";
import { transip } from "./providers/transip";
import { vercel } from "./providers/vercel";
import { vultr } from "./providers/vultr";
import { webhook } from "./providers/webhook";

export const providers: Record<string, DnsProvider> = {
  "acme-dns": acmeDns,
  akamai,
  alidns,
  azure,
  builtin,
  bunny,
  cloudflare,
  desec,
  digitalocean,
  dnsimple,
  dnsmadeeasy,
  duckdns,
  dynv6,
  gandi,
  godaddy,
  google,
  he,
  hetzner,
  hostinger,
  infomaniak,
  inwx,
  ionos,
  linode,
  manual,
  namecheap,
  namedotcom,
  namesilo,
  netcup,
  netlify,
  njalla,
  ns1,
  ovh,
  porkbun,
  powerdns,
  rfc2136,
  route53,
  scaleway,
  tencentcloud,
  transip,
  vercel,
  vultr,
  webhook,
};
