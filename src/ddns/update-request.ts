/** What an update asks for, whatever its dialect. */
import type { Family, GivenAddress } from "./addresses";
import type { GivenCredentials } from "./credentials";
import type { Ipv6Prefix } from "./prefixes";

/** What a family is to be. */
export type Wanted =
  | { kind: "set"; address: GivenAddress }
  /** The same interface in this network. */
  | { kind: "move"; prefix: Ipv6Prefix }
  /** The address that the request comes from, where it is of this family. */
  | { kind: "caller" }
  | { kind: "keep" }
  | { kind: "remove" };

export interface UpdateRequest {
  credentials: GivenCredentials | undefined;
  /** In the order of the request, doubles too. */
  hosts: string[];
  families: Partial<Record<Family, Wanted>>;
  /** What is meant by a request that says nothing of any address. */
  without: "caller" | "keep";
  /** The network of the hosts behind the router: all that had the former one move along. */
  prefix?: Ipv6Prefix | undefined;
  /** Whether the host is to have no address for now. */
  offline: boolean;
  wildcard?: boolean | undefined;
  /** The text for the challenges of the host's certificates; null is none any more. */
  text?: string | null | undefined;
  /** What was given and passed over, for a person. */
  passedOver: string[];
}
