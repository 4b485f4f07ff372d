/** At which ACME directory a new account registers: what its authority and its environment say, or a URL that is given. */
import { authorities, knownAuthority } from "../authorities/catalogue";
import { authorityFrom, type CustomAuthorities } from "../authorities/custom";
import { Problem } from "../problems";
import type { Environment } from "../storage/tables/instances";
import { checkOutgoingUrl } from "./outgoing-url";

export interface DirectoryWish {
  /** An id of the catalogue, or of one of the owner's own authorities. */
  authority: string;
  environment: Environment;
  directoryUrl?: string | undefined;
}

export interface DirectoryChoicePorts {
  customAuthorities: CustomAuthorities;
  allowPrivateHosts: boolean;
}

const refuse = (pointer: string, detail: string) => new Problem(422, detail, { errors: [{ pointer, detail }] });

/** Throws Problem 422 for an authority, an environment or a URL that does not go. */
export async function chooseDirectory(ports: DirectoryChoicePorts, ownerId: number, wish: DirectoryWish) {
  const { authority: id, environment, directoryUrl } = wish;
  const authority = knownAuthority(id) ?? (await ownAuthority(ports.customAuthorities, ownerId, id));
  const { title, directories, customerDirectories, ended } = authority;
  if (ended) throw refuse("/authority", `${title} has issued nothing since ${ended}. Choose another authority.`);
  const known = directories[environment];
  const checked = directoryUrl && checkOutgoingUrl(directoryUrl, "/directory_url", ports.allowPrivateHosts);
  if (checked === undefined || checked === known) {
    if (known) return known;
    if (id === "custom") throw refuse("/directory_url", "A custom authority needs its directory_url.");
    if (!customerDirectories) throw refuse("/environment", `${title} has no ${environment} directory.`);
    const { example } = customerDirectories;
    throw refuse("/directory_url", `${title} gives each customer a directory: set directory_url, as in ${example}.`);
  }
  if (id === "custom") return checked;
  const { hostname } = new URL(checked);
  const hosts = customerDirectories?.hosts ?? [];
  if (hosts.some((host) => `.${hostname}`.endsWith(`.${host}`))) return checked;
  if (hosts.length > 0) throw refuse("/directory_url", `The directories of ${title} are at ${hosts.join(", ")}.`);
  throw refuse("/directory_url", `${title} has one directory for all; another goes with authority "custom" only.`);
}

async function ownAuthority(custom: CustomAuthorities, ownerId: number, id: string) {
  try {
    return authorityFrom(await custom.find(ownerId, id));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const ids = Object.keys(authorities).join(", ");
    throw refuse("/authority", `There is no authority "${id}". There are ${ids}, and the ids of your own.`);
  }
}

/** Whose directory it is; "custom" where nobody is known to have it. */
export async function authorityOfDirectory(
  { customAuthorities }: DirectoryChoicePorts,
  ownerId: number,
  directoryUrl: string,
): Promise<{ authority: string; environment: Environment }> {
  const own = await customAuthorities.list(ownerId);
  const all = [
    ...Object.entries(authorities).map(([id, { directories }]) => ({ id, directories })),
    ...own.map((row) => ({ id: row.id, directories: authorityFrom(row).directories })),
  ];
  for (const { id, directories } of all) {
    const found = Object.entries(directories).find(([, url]) => url === directoryUrl);
    if (found) return { authority: id, environment: found[0] as Environment };
  }
  return { authority: "custom", environment: "production" };
}
