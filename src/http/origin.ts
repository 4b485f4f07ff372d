/** Where a request comes from. */
import type { Origin } from "../accounts/identity";
import { clientAddress } from "../ddns/client-address";

const MOST_OF_CLIENT = 200;

export function originOf({ headers }: Request): Origin {
  return {
    address: clientAddress(headers) || null,
    client: headers.get("user-agent")?.slice(0, MOST_OF_CLIENT) || null,
  };
}
