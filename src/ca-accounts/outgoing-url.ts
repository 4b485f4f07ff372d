/** Which URLs a user may make the Worker call: https to public hosts, unless the operator allows private ones. */
import { isPrivateHost, privateHostRefusal } from "../dns/private-hosts";
import { Problem } from "../problems";

/** Returns the URL in its canonical form. Throws Problem 422 that points at the field. */
export function checkOutgoingUrl(given: string, pointer: string, allowPrivateHosts: boolean): string {
  const refuse = (detail: string) => new Problem(422, detail, { errors: [{ pointer, detail }] });
  if (!URL.canParse(given)) throw refuse(`"${given}" is not a URL. Give it whole, as in https://ca.example/directory.`);
  const url = new URL(given);
  if (url.protocol !== "https:") throw refuse("The URL has to begin with https://.");
  if (url.username || url.password) throw refuse("The URL must not carry a user name or a password.");
  if (!allowPrivateHosts && isPrivateHost(url.hostname)) throw refuse(privateHostRefusal(url.hostname));
  return url.href;
}
