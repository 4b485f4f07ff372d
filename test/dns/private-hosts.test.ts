import { expect, it } from "vitest";
import { isPrivateHost } from "../../src/dns/private-hosts";

const INSIDE = [
  "localhost",
  "a.localhost",
  "printer.local",
  "nas",
  "router.lan",
  "db.internal",
  "router.home.arpa",
  "0.0.0.0",
  "10.0.0.1",
  "100.64.0.1",
  "127.0.0.1",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "192.168.1.1.",
  "[::1]",
  "::1",
  "[::]",
  "[fd00::1]",
  "[fe80::1]",
  "[::ffff:7f00:1]",
];

const OUTSIDE = [
  "example.com",
  "local.example",
  "1.1.1.1",
  "100.128.0.1",
  "172.32.0.1",
  "192.169.0.1",
  "[2001:db8::1]",
];

it.each(INSIDE)("takes %s for a host of the Worker's own network", (host) => expect(isPrivateHost(host)).toBe(true));

it.each(OUTSIDE)("takes %s for a host that anybody reaches", (host) => expect(isPrivateHost(host)).toBe(false));
