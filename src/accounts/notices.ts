/** Mails that tell an owner what was changed of how the account is signed in to: if it was not them, they hear of it. */
import type { Mail, Mailer } from "../mail/mailer";
import type { AccountIdentity } from "./identity";
import type { Letters } from "./letters";

export type Notices = ReturnType<typeof createNotices>;

/** Each is still to be sent, once the answer is out. */
export function createNotices({ mailer, letters }: { mailer: Mailer; letters: Letters }) {
  const notice =
    ({ emailVerified }: AccountIdentity, mail: Mail) =>
    async () => {
      if (!mailer.off && emailVerified) await mailer.send(mail);
    };

  return {
    passwordChanged: (account: AccountIdentity) =>
      notice(account, letters.passwordChanged(account.email, account.username)),

    /** `what` begins the sentence: "An authenticator app". */
    secondFactorAdded: (account: AccountIdentity, what: string) =>
      notice(account, letters.secondFactorAdded(account.email, account.username, what)),

    secondFactorRemoved: (account: AccountIdentity, what: string) =>
      notice(account, letters.secondFactorRemoved(account.email, account.username, what)),

    secondFactorsRemoved: (account: AccountIdentity) =>
      notice(account, letters.secondFactorsRemoved(account.email, account.username)),
  };
}
