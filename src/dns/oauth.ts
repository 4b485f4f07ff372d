/** Tokens for those APIs that are used with OAuth 2.0, fetched at their token endpoint (RFC 6749). */
import { z } from "zod";
import type { ApiAnswer, ProviderHttp, Token, Verdict } from "./http";

const granted = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().optional() });

/** RFC 6749 §5.2: what is wrong with the credential comes as 400. */
const refused = z.object({
  error: z.enum([
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
  ]),
});

const judge = ({ status, body }: ApiAnswer): Verdict | undefined =>
  status === 400 && refused.safeParse(body).success ? "credential" : undefined;

/** `path` goes on from the server's `base`. To be an API's `authorize`. */
export async function fetchToken(
  http: ProviderHttp,
  base: string,
  path: string,
  form: Record<string, string>,
): Promise<Token> {
  const body = new URLSearchParams(form);
  const answer = await http.withBase(base, {}, { judge }).ask("POST", path, body, granted, { repeatable: true });
  return {
    headers: { authorization: `Bearer ${answer.access_token}` },
    secrets: [answer.access_token],
    ...(answer.expires_in === undefined ? {} : { expires: http.now() + answer.expires_in * 1000 }),
  };
}
