/** The answers of AWS's APIs that speak XML: https://docs.aws.amazon.com/Route53/latest/APIReference/requests-rest-responses.html */
import { z } from "zod";
import type { ApiAnswer, Verdict } from "../http";
import { all, textAt, type XmlElement } from "../xml";

const BUSY = ["Throttling", "ThrottlingException", "PriorRequestNotComplete", "ServiceUnavailable"];
const CREDENTIAL = [
  "ExpiredToken",
  "ExpiredTokenException",
  "IncompleteSignature",
  "InvalidClientTokenId",
  "SignatureDoesNotMatch",
];

/** A document whose root has this name. */
export const element = (name: string) =>
  z.custom<XmlElement>((given) => z.object({ name: z.literal(name) }).safeParse(given).success, `no ${name}`);
const anyElement = z.custom<XmlElement>((given) => given !== undefined);

/** ErrorResponse/Error/Message, or the messages of an InvalidChangeBatch that is the root itself. */
export function messagesOf(body: unknown): string {
  const root = anyElement.safeParse(body).data;
  if (!root) return "";
  const found = [...all(root, "Error", "Message"), ...all(root, "Messages", "Message"), ...all(root, "Message")];
  return found.map(({ text }) => text).join("; ");
}

export function codeOf(body: unknown): string {
  const root = anyElement.safeParse(body).data;
  return (root && (textAt(root, "Error", "Code") ?? root.name)) || "";
}

export function judge({ status, body }: ApiAnswer): Verdict | undefined {
  if (status < 400) return undefined;
  const code = codeOf(body);
  if (code.startsWith("Throttling")) return "rate_limited";
  if (BUSY.includes(code)) return "busy";
  return CREDENTIAL.includes(code) ? "credential" : undefined;
}
