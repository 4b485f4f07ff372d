/** A router, and whoever looks its name up, against the shared Worker. */
import { decode, encode, type Packet } from "dns-packet";
import { expect } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";

const MESSAGE = "application/dns-message";

type Type = "A" | "AAAA" | "TXT" | "SOA" | "MX";

/** Asks over HTTPS as a resolver does (RFC 8484). */
export async function lookUp(name: string, type: Type, method: "GET" | "POST" = "GET"): Promise<Packet> {
  const query = encode({ type: "query", id: 0, questions: [{ name, type, class: "IN" }] });
  const url = `${certedge().url}/dns-query`;
  const answer = await (method === "GET"
    ? fetch(`${url}?dns=${query.toString("base64url")}`, { headers: { accept: MESSAGE } })
    : fetch(url, { method, headers: { "content-type": MESSAGE, accept: MESSAGE }, body: new Uint8Array(query) }));
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe(MESSAGE);
  return decode(Buffer.from(await answer.arrayBuffer()));
}

/** The values alone. */
export async function addressesOf(name: string, type: "A" | "AAAA", method?: "GET" | "POST"): Promise<unknown[]> {
  const { answers = [] } = await lookUp(name, type, method);
  return answers.map((answer) => "data" in answer && answer.data);
}

export async function serialOf(zone: string): Promise<number> {
  const [soa] = (await lookUp(zone, "SOA")).answers ?? [];
  if (soa?.type !== "SOA") throw new Error(`${zone} has no SOA`);
  return soa.data.serial ?? 0;
}

/** A host of the admin's, with a name of its own. */
export async function takeHost(record_ip?: string, stem = "home"): Promise<string> {
  const fqdn = uniqueName(stem);
  const taken = await request(admin()).post("/api/domains", { fqdn, ...(record_ip ? { record_ip } : {}) });
  expect(taken.status).toBe(201);
  return fqdn;
}

export const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

interface UpdateOptions {
  path?: string;
  /** Without it, the admin's name and key. */
  authorization?: string | null;
  headers?: Record<string, string>;
}

/** A router's update by GET. */
export function update(parameters: Record<string, string>, options: UpdateOptions = {}) {
  const { path = "/nic/update", headers = {} } = options;
  const { authorization = basic(admin().username, admin().key) } = options;
  const sent = authorization === null ? headers : { ...headers, authorization };
  return request({ headers: sent }).get(`${path}?${new URLSearchParams(parameters)}`);
}
