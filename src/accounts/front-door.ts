/** How people come in, stay known, and leave: the services around an account, joined. */
import type { Audit } from "../audit/service";
import type { Mailer } from "../mail/mailer";
import type { Database } from "../storage/database";
import { createAddresses } from "./addresses";
import { type ClosingPorts, createClosing } from "./closing";
import { createEmailTokens } from "./email-tokens";
import { exportAccount } from "./export";
import { createInvitations } from "./invitations";
import { createLetters } from "./letters";
import { createNotices } from "./notices";
import { createPasswordChanges } from "./password-changes";
import type { Sessions } from "./sessions";
import { createSignIn } from "./sign-in";
import type { SignInLimits } from "./sign-in-limits";
import { createSignUp, type SignUpMode } from "./sign-up";

export interface FrontDoorPorts extends Pick<ClosingPorts, "domains" | "certificates"> {
  database: Database;
  sessions: Sessions;
  audit: Audit;
  mailer: Mailer;
  limits: SignInLimits;
  /** Where the links in mails lead. */
  publicUrl: string;
  /** "open", "invitation"; anything else is closed. */
  signUp: string;
  now: () => number;
}

export function createFrontDoor({ publicUrl, signUp, ...ports }: FrontDoorPorts) {
  const mode: SignUpMode = signUp === "open" || signUp === "invitation" ? signUp : "closed";
  const tokens = createEmailTokens(ports);
  const letters = createLetters(publicUrl);
  const notices = createNotices({ ...ports, letters });
  const all = { ...ports, tokens, mode, letters, notices };
  return {
    notices,
    signIn: createSignIn(all),
    signUp: createSignUp(all),
    addresses: createAddresses(all),
    passwordChanges: createPasswordChanges(all),
    invitations: createInvitations(all),
    closing: createClosing(all),
    exportAccount: (accountId: number) => exportAccount(ports.database, accountId),
    forgetExpiredLinks: tokens.forgetExpired,
  };
}
