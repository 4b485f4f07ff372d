/** Fetching a revocation list: only where it has changed, and never more than fits. */

/** The largest lists of public CAs have a few MiB. */
const MOST_BYTES = 16 * 1024 * 1024;
const PATIENCE = 20_000;
const AGENT = "certedge/0.1 (+https://github.com/certedge/certedge)";

/** The message is for the list's row: why it could not be had. */
export class ListUnavailable extends Error {
  override readonly name = "ListUnavailable";
}

export interface FetchedList {
  der: Uint8Array<ArrayBuffer>;
  entityTag: string | null;
}

/** Lists of our own authority are had where they are made: a Worker cannot ask its own address for anything. */
export const ownListsFirst =
  (own: { publicUrl: string; list: (id: string) => Promise<BodyInit> }, outside: typeof fetch): typeof fetch =>
  async (input, init) => {
    const { host, pathname } = new URL(new Request(input).url);
    const [, id] = /^\/ca\/([a-z0-9]+)\.crl$/.exec(pathname) ?? [];
    const isOurs = URL.canParse(own.publicUrl) && host === new URL(own.publicUrl).host;
    return isOurs && id ? new Response(await own.list(id)) : outside(input, init);
  };

/** Nothing where it is the one that the entity tag is of. Throws ListUnavailable. */
export async function fetchList(
  fetch: typeof globalThis.fetch,
  url: string,
  entityTag: string | null,
): Promise<FetchedList | undefined> {
  const headers = { "user-agent": AGENT, ...(entityTag ? { "if-none-match": entityTag } : {}) };
  const signal = AbortSignal.timeout(PATIENCE);
  const response = await fetch(url, { headers, signal, redirect: "manual" }).catch(() => {
    throw new ListUnavailable("It did not answer.");
  });
  if (response.status === 304 && entityTag) {
    await response.body?.cancel();
    return undefined;
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new ListUnavailable(`It answered with status ${response.status}.`);
  }
  return { der: await readWhole(response), entityTag: response.headers.get("etag") };
}

async function readWhole({ body, headers }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () => new ListUnavailable(`It is larger than ${MOST_BYTES / 1024 / 1024} MiB.`);
  if (Number(headers.get("content-length")) > MOST_BYTES) {
    await body?.cancel();
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  for (;;) {
    const read = await reader?.read().catch(() => {
      throw new ListUnavailable("It was cut off.");
    });
    if (!read || read.done) break;
    length += read.value.length;
    if (length > MOST_BYTES) {
      await reader?.cancel();
      throw tooLarge();
    }
    chunks.push(read.value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
