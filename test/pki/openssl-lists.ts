/** Certificate revocation lists made by openssl, for authorities that it made. */
import type { Openssl } from "./openssl";

export interface Entry {
  /** Hex. */
  serial: string;
  /** As openssl has them: "keyCompromise". */
  reason?: string;
}

export interface List {
  /** The name of the authority's files: "intermediate" → intermediate.pem and intermediate.key. */
  by: string;
  entries: Entry[];
  /** Lines of openssl's configuration. */
  extensions?: string[];
  digest?: string;
  /** "260101000000Z" */
  lastUpdate?: string;
  nextUpdate?: string;
}

/** In DER. */
export function makeList(openssl: Openssl, list: List): Uint8Array<ArrayBuffer> {
  const { by, entries, extensions = ["authorityKeyIdentifier = keyid"], digest = "sha256" } = list;
  const lines = entries.map(({ serial, reason }) => {
    const even = serial.length % 2 === 0 ? serial : `0${serial}`;
    return `R\t400101000000Z\t260101000000Z${reason ? `,${reason}` : ""}\t${even.toUpperCase()}\tunknown\t/CN=revoked\n`;
  });
  openssl.write("index.txt", lines.join(""));
  openssl.write("crlnumber", "1000\n");
  const settings = ["database = index.txt", "crlnumber = crlnumber", `default_md = ${digest}`, "default_crl_days = 7"];
  const sections = [
    "[ca]",
    "default_ca = usual",
    "[usual]",
    ...settings,
    "crl_extensions = list",
    "[list]",
    ...extensions,
  ];
  openssl.write("lists.cnf", `${sections.join("\n")}\n`);
  const times = [
    ...(list.lastUpdate ? ["-crl_lastupdate", list.lastUpdate] : []),
    ...(list.nextUpdate ? ["-crl_nextupdate", list.nextUpdate] : []),
  ];
  const files = ["-keyfile", `${by}.key`, "-cert", `${by}.pem`, "-out", "list.pem"];
  openssl.run("ca", "-gencrl", "-config", "lists.cnf", ...files, ...times);
  openssl.run("crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der");
  return openssl.read("list.der");
}
