/** The kinds of stored credentials: what each consists of. A new one is an entry here, and a trial where it can be tried out. */
import { z } from "zod";
import {
  address,
  type CredentialField,
  choice,
  field,
  fieldsOf,
  fieldText,
  host,
  secret,
  secretText,
  shaped,
} from "../dns/credential-fields";
import type { DnsProvider } from "../dns/provider";
import { providers } from "../dns/registry";
import { Problem } from "../problems";

export interface CredentialKind {
  id: string;
  title: string;
  /** What it is for, as a sentence. */
  help: string;
  credentials: z.ZodObject;
  credentialFields(): CredentialField[];
  /** Of the fields of a DNS provider: whose. */
  provider?: DnsProvider;
}

const PEM = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----[^-]+-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----/;
const NOT_PEM = "Give the whole block, from -----BEGIN … PRIVATE KEY----- to -----END … PRIVATE KEY-----.";

/** A secret goes to nobody who listens. */
const secureAddress = (title: string, help: string) =>
  address(title, help).refine((given) => /^https:/i.test(given), "It has to begin with https://.");

const privateKey = (help: string) => secretText("Private key", help).refine((given) => PEM.test(given), NOT_PEM);

const port = (help: string) =>
  shaped("Port", help, /^[1-9]\d{0,4}$/, "A number from 1 to 65535.").refine(
    (given) => Number(given) < 65_536,
    "A number from 1 to 65535.",
  );

/** What lets people say an address themselves sends the secret there and nowhere else: to name it is not to have it sent to oneself. */
const onlyAddress = () =>
  secureAddress("Address", "the only place that it is sent to, where people may say one").optional();

const shapes: Record<string, { title: string; help: string; fields: z.ZodRawShape }> = {
  api_token: {
    title: "API token",
    help: "One token of any service. A DNS account can use it where its provider takes a single secret.",
    fields: { token: secret("Token", "as the service made it"), address: onlyAddress() },
  },
  token_pair: {
    title: "Token pair",
    help: "An identifier and its secret: an access key, an OAuth client.",
    fields: { id: field("Identifier", "key id, client id"), secret: secret("Secret", "of that identifier") },
  },
  user_password: {
    title: "User and password",
    help: "Signs in to a service or a server.",
    fields: {
      username: field("User name", "with its domain where there is one: CORP\\deploy"),
      password: secret("Password", "of that user"),
      address: onlyAddress(),
    },
  },
  password: {
    title: "Password",
    help: "A password alone, such as that of a PKCS#12 file.",
    fields: { password: secret("Password", "12 characters or more are hard to guess") },
  },
  key_pair: {
    title: "Key pair",
    help: "A private key, with its public half where that is known.",
    fields: {
      private_key: privateKey("PEM"),
      passphrase: secret("Passphrase", "where the key has one").optional(),
      public_key: fieldText("Public key", "PEM: the public key, or a certificate for it").optional(),
    },
  },
  ssh_key: {
    title: "SSH key",
    help: "Signs in to servers over SSH.",
    fields: {
      username: field("User name", "on the server"),
      private_key: privateKey("as ssh-keygen writes it, or PEM"),
      passphrase: secret("Passphrase", "where the key has one").optional(),
    },
  },
  webhook_secret: {
    title: "Webhook secret",
    help: "Signs what is sent to a webhook, so that its receiver knows who sent it.",
    fields: {
      secret: secret("Secret", "16 characters or more; the receiver has the same").refine(
        (given) => given.length >= 16,
        "16 characters or more.",
      ),
    },
  },
  smtp: {
    title: "SMTP server",
    help: "Sends mail.",
    fields: {
      host: host("Host", "smtp.example.net"),
      port: port("465, or 587 for starttls").default("465"),
      security: choice("Security", "tls from the first byte on, or by STARTTLS", ["tls", "starttls"]).default("tls"),
      username: field("User name", "often the address that mail is from"),
      password: secret("Password", "of that user; best one for this use alone"),
    },
  },
  s3: {
    title: "S3 bucket",
    help: "Amazon S3, or whatever speaks its protocol: R2, MinIO, Ceph.",
    fields: {
      access_key_id: field("Access key id", "AKIA… at Amazon"),
      secret_access_key: secret("Secret access key", "of that id"),
      session_token: secret("Session token", "of credentials that end by themselves").optional(),
      region: shaped("Region", "eu-central-1; auto for R2", /^[a-z0-9-]+$/, "As in eu-central-1.").default("us-east-1"),
      endpoint: secureAddress("Endpoint", "of a store that is not Amazon's").optional(),
      bucket: shaped("Bucket", "the one to use", /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "As in my-bucket.").optional(),
    },
  },
  vault: {
    title: "Vault token",
    help: "HashiCorp Vault or OpenBao, by a token.",
    fields: {
      address: secureAddress("Address", "https://vault.example.net:8200"),
      namespace: field("Namespace", "where there are some").optional(),
      token: secret("Token", "hvs.…, with the policies that its use needs"),
    },
  },
  vault_approle: {
    title: "Vault AppRole",
    help: "HashiCorp Vault or OpenBao, by an AppRole, which makes tokens.",
    fields: {
      address: secureAddress("Address", "https://vault.example.net:8200"),
      namespace: field("Namespace", "where there are some").optional(),
      mount: shaped("Mount", "of the auth method", /^[\w-]+(\/[\w-]+)*$/, "As in approle.").default("approle"),
      role_id: field("Role id", "of the role"),
      secret_id: secret("Secret id", "of the role; each trial uses it once"),
    },
  },
};

const kindOf = (id: string, { title, help, fields }: (typeof shapes)[string]): CredentialKind => {
  const credentials = z.strictObject(fields);
  return { id, title, help, credentials, credentialFields: () => fieldsOf(credentials) };
};

const kindOfProvider = (provider: DnsProvider): CredentialKind => ({
  id: `dns:${provider.id}`,
  title: `${provider.title} (DNS)`,
  help: `For DNS accounts. It needs ${provider.needs}.`,
  credentials: provider.credentials,
  credentialFields: provider.credentialFields,
  provider,
});

/** By id. Providers that take no credential have no kind. */
export const kinds: ReadonlyMap<string, CredentialKind> = new Map(
  [
    ...Object.entries(shapes).map(([id, shape]) => kindOf(id, shape)),
    ...Object.values(providers)
      .filter((provider) => provider.credentialFields().length > 0)
      .map(kindOfProvider),
  ].map((kind) => [kind.id, kind]),
);

/** Throws 422 with the kinds that there are when it is none of them. */
export function knownKind(id: string, pointer = "/kind"): CredentialKind {
  const kind = kinds.get(id);
  if (kind) return kind;
  const detail = `There is no kind "${id}". Kinds: ${[...kinds.keys()].join(", ")}.`;
  throw new Problem(422, detail, { errors: [{ pointer, detail }] });
}
