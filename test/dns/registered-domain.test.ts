import { expect, it } from "vitest";
import { registeredDomain } from "../../src/dns/registered-domain";

it.each([
  ["example.com", "example.com"],
  ["www.a.example.com", "example.com"],
  ["*.example.com", "example.com"],
  ["www.example.co.uk", "example.co.uk"],
  ["example.co.uk", "example.co.uk"],
  ["WWW.Example.Com.AU.", "example.com.au"],
  ["www.example.co", "example.co"],
  ["www.uk.example", "uk.example"],
])("%s is registered as %s", (name, domain) => expect(registeredDomain(name)).toBe(domain));
