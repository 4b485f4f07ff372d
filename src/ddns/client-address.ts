/** The caller's own address, as the edge saw it, and the pages that tell it. */
import { type GivenAddress, parseAddress } from "./addresses";

/** The edge overwrites this header; X-Forwarded-For is the client's own claim and is never believed. */
export const clientAddress = (headers: Headers): string => headers.get("cf-connecting-ip") ?? "";

export const clientGiven = (headers: Headers): GivenAddress | undefined => parseAddress(clientAddress(headers));

/** The form that the dyndns clients look for. */
export const checkipPage = (address: string): string =>
  `<html><head><title>Current IP Check</title></head><body>Current IP Address: ${address}</body></html>`;
