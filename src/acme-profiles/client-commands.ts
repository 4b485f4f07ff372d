/** What people paste into their ACME client so that it registers at a directory. */

export interface ExternalAccountCredentials {
  directoryUrl: string;
  kid: string;
  /** Base64url, as all of them take it. */
  hmacKey: string;
}

export function clientCommands({ directoryUrl, kid, hmacKey }: ExternalAccountCredentials) {
  return {
    certbot: `certbot register --server ${directoryUrl} --eab-kid ${kid} --eab-hmac-key ${hmacKey} --agree-tos --register-unsafely-without-email`,
    lego: `lego --server ${directoryUrl} --eab --kid ${kid} --hmac ${hmacKey} --accept-tos --email you@example.com`,
    acme_sh: `acme.sh --register-account --server ${directoryUrl} --eab-kid ${kid} --eab-hmac-key ${hmacKey}`,
    caddy: `{\n\tacme_ca ${directoryUrl}\n\tacme_eab {\n\t\tkey_id ${kid}\n\t\tmac_key ${hmacKey}\n\t}\n}\n`,
  };
}
