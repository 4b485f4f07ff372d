/** The ways on which an update's credential may come: what others can read on theirs is not taken everywhere. */

/** What an operator takes: nothing, the update passwords of single hosts, or every credential. */
export const allowances = ["off", "host", "all"] as const;
export type Allowance = (typeof allowances)[number];

export interface UpdateWays {
  /** Over HTTP without TLS, where everybody on the way reads it. */
  plainHttp: Allowance;
  /** In the address, which logs keep. */
  inAddress: Allowance;
}

export interface Way {
  isSecure: boolean;
  place: "header" | "url";
}

type Kind = "host" | "account";

const takes = (allowance: Allowance, kind: Kind) => allowance === "all" || (allowance === "host" && kind === "host");

/** Why a credential of this kind is not taken on this way; nothing where it is. */
export function refusalOf(ways: UpdateWays, { isSecure, place }: Way, kind: Kind): string | undefined {
  if (!isSecure && !takes(ways.plainHttp, kind)) return refused("over plain HTTP", ways.plainHttp);
  if (place === "url" && !takes(ways.inAddress, kind)) return refused("in the address of a request", ways.inAddress);
  return undefined;
}

const refused = (how: string, allowance: Allowance): string =>
  allowance === "off"
    ? `No credential is taken ${how} here.`
    : `Only the update password of a single host is taken ${how} here.`;

export interface WaySettings {
  UPDATES_OVER_HTTP: string;
  UPDATES_BY_ADDRESS: string;
  /** "true" by `npm start` alone: on one's own machine nobody is on the way. */
  CERTEDGE_LOCAL?: string;
}

export const readWays = ({ UPDATES_OVER_HTTP, UPDATES_BY_ADDRESS, CERTEDGE_LOCAL }: WaySettings): UpdateWays => ({
  plainHttp: CERTEDGE_LOCAL === "true" ? "all" : allowanceOf(UPDATES_OVER_HTTP),
  inAddress: allowanceOf(UPDATES_BY_ADDRESS),
});

/** What is none of the three is the careful one. */
const allowanceOf = (setting: string): Allowance => allowances.find((allowance) => allowance === setting) ?? "off";
