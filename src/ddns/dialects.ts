/** Every dialect that updates are taken in. Where several are spoken at one path, the first that says so is meant. */
import type { Dialect, DialectRequest } from "./dialect";
import { desec } from "./dialects/desec";
import { duckdns } from "./dialects/duckdns";
import { dyndns2 } from "./dialects/dyndns2";
import { dynv6 } from "./dialects/dynv6";
import { freedns } from "./dialects/freedns";
import { json } from "./dialects/json";

export const dialects: Dialect[] = [json, desec, duckdns, dynv6, freedns, dyndns2];

/** The paths of all of them. */
export const updatePaths = [...new Set(dialects.flatMap(({ paths }) => paths))];

/** The dialect of a request, or nothing where no update is meant. */
export const dialectOf = (request: Pick<DialectRequest, "method" | "url">): Dialect | undefined =>
  dialects.find(({ paths, speaks }) => paths.some((path) => fits(path, request.url.pathname)) && speaks(request));

/** ":name" is any part of the path. */
function fits(pattern: string, pathname: string): boolean {
  const [wanted, given] = [pattern.split("/"), pathname.split("/")];
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith(":") || part === given[index]);
}
