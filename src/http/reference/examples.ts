/** An example for every schema of the document, made from the schema itself and from what fields of a name hold. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  description?: string;
}

export type Schemas = Record<string, Schema>;

const SHA256 = "5f2b51ca2fdc5baa31ec02e002f69aec3e1bd2e8e4c1f4b3f1a6f8ab0b6d9c11";

/** What a field of this name holds, wherever its schema says no more. */
const words: Record<string, unknown> = {
  account_id: "production",
  action: "domain.update",
  address: "203.0.113.7",
  allowed_domains: ["*.example.com"],
  allowed_networks: ["203.0.113.0/24"],
  after: { ipv4: "203.0.113.7" },
  authority: "letsencrypt",
  before: { ipv4: "203.0.113.4" },
  client: "curl/8.14.1",
  code: "492039",
  contact: ["ada@example.com"],
  credentials: { api_token: "••••" },
  current_password: "correct horse battery",
  detail: "Some fields are invalid.",
  directory_url: "https://acme-v02.api.letsencrypt.org/directory",
  dns_provider: "cloudflare",
  domain: "home.example.com",
  domain_alias: "home.acme.example.net",
  email: "ada@example.com",
  end: "04:00",
  fields: { token: "••••" },
  fingerprint_sha256: SHA256,
  fqdn: "router.certedge.test",
  hash: SHA256,
  hmac_key: "dGhpcyBpcyBhbiBleGFtcGxlLCBhbmQgbm8ga2V5IQ",
  ipv4: "203.0.113.7",
  ipv6: "2001:db8::7",
  issuer: "CN=R12,O=Let's Encrypt,C=US",
  key: "ak_dGhpcyBpcyBhbiBleGFtcGxlLCBhbmQgbm8ga2V5IQ",
  key_type: "p256",
  last_used_address: "203.0.113.7",
  last_used_client: "ddclient/4.0.0",
  name: "Home Router",
  names: ["home.example.com"],
  network: "203.0.113.0/24",
  new_password: "correct horse battery staple",
  password: "correct horse battery",
  previous_hash: "0".repeat(64),
  provider: "cloudflare",
  record_ip: "203.0.113.7",
  reason: "To hand it to the new operator",
  recovery_codes: ["k7m2-x9qd-4hvt"],
  san_domains: ["www.home.example.com"],
  scopes: ["domains:update"],
  serial: "04a1b2c3d4e5f60718293a4b5c6d7e8f9012",
  share: 0.66,
  slug: "home",
  start: "22:00",
  subject: "domain router.certedge.test",
  tags: ["Berlin"],
  time_zone: "Europe/Berlin",
  title: "Invalid input",
  type: "about:blank",
  username: "ada",
  zone: "certedge.test",
};

const formats: Record<string, string> = {
  uuid: "550e8400-e29b-41d4-a716-446655440000",
  "date-time": "2027-01-15T10:30:00Z",
  domain_alias: "home.acme.example.net",
  email: "ada@example.com",
  uri: "https://example.com/",
};

/** A request shows what it has to have; one that has to have nothing, and an answer, show all. */
export function exampleOf(schemas: Schemas, given: Schema, isRequest: boolean, name = ""): unknown {
  const inside = (schema: Schema, inner = name) => exampleOf(schemas, schema, isRequest, inner);
  const schema = resolve(schemas, given);
  const [alternative] = (schema.anyOf ?? schema.oneOf ?? []).filter(({ type }) => type !== "null");
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => inside(part)));
  if (alternative) return inside(alternative);
  const type = [schema.type].flat().find((one) => one !== "null");
  if (type === "object" && schema.properties) {
    const { properties, required = [] } = schema;
    const shown = Object.entries(properties).filter(
      ([field]) => !isRequest || required.length === 0 || required.includes(field),
    );
    return Object.fromEntries(shown.map(([field, inner]) => [field, inside(inner, field)]));
  }
  // A list of objects may have the name of a list of words.
  const isOfObjects = schema.items !== undefined && resolve(schemas, schema.items).type === "object";
  if (name in words && !isOfObjects && (type === undefined || fits(words[name], type))) return words[name];
  if (schema.default !== undefined) return schema.default;
  if (type === "array") return schema.items ? [inside(schema.items, name.replace(/s$/, ""))] : [];
  if (type === "object") return {};
  if (type === "integer" || type === "number") return Math.max(schema.minimum ?? 1, 1);
  if (type === "boolean") return true;
  if (type === "string") return formats[schema.format ?? (name.endsWith("_at") ? "date-time" : "")] ?? textFor(schema);
  return null;
}

/** What has a pattern is base64url here. */
const textFor = ({ pattern }: Schema) => (pattern ? "c29tZXRoaW5n" : "…");

const fits = (value: unknown, type: string) =>
  type === "array" ? Array.isArray(value) : typeof value === type && !Array.isArray(value);

export function resolve(schemas: Schemas, schema: Schema): Schema {
  const referred = schema.$ref && schemas[schema.$ref.split("/").at(-1) ?? ""];
  return referred ? resolve(schemas, referred) : schema;
}
