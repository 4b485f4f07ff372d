/** The terms of an authority (RFC 8555 §7.3.3), which a person agrees to, not certedge. */
import { AcmeProblem } from "../acme/errors";

/** Where they can be read; nothing for an authority without any, or whose terms are no page that anybody could open. */
export const termsPage = ({ termsOfService }: { termsOfService?: string | undefined }): string | undefined =>
  /^https?:/i.test(termsOfService ?? "") ? termsOfService : undefined;

/** What a CA answers to one who did not agree. */
export const termsNotAgreed = (newAccount: string, terms: string): AcmeProblem =>
  new AcmeProblem(newAccount, 403, {
    type: "urn:ietf:params:acme:error:userActionRequired",
    detail: `The terms were not agreed to: read ${terms}, and set terms_agreed of the CA account to true.`,
    instance: terms,
  });
