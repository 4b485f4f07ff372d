/** What certedge writes to people. */
import { letter } from "../mail/letter";

export type Letters = ReturnType<typeof createLetters>;

/** Links lead to the public address of the installation. */
export function createLetters(publicUrl: string) {
  const { host, origin } = URL.canParse(publicUrl) ? new URL(publicUrl) : { host: "certedge", origin: "" };
  const link = (page: string, name: string, token: string) => `${origin}/${page}?${name}=${token}`;

  return {
    verifyAddress: (to: string, username: string, token: string) =>
      letter({
        to,
        subject: "Confirm your e-mail address",
        paragraphs: [
          `Somebody, most likely you, has signed up at ${host} as ${username}. Confirm that this address is yours:`,
        ],
        link: link("verify", "token", token),
        afterwards: ["The link works once, for 24 hours. If it was not you, do nothing: nobody gets your address."],
      }),

    addressIsTaken: (to: string, username: string) =>
      letter({
        to,
        subject: "You have an account already",
        paragraphs: [
          `Somebody, perhaps you, gave this address at ${host} for another account. It belongs to your account ${username}, and stays with it.`,
          "If you have forgotten your password, choose a new one:",
        ],
        link: `${origin}/forgot`,
        afterwards: ["If it was not you, there is nothing to do."],
      }),

    confirmChange: (to: string, username: string, token: string) =>
      letter({
        to,
        subject: "Confirm your new e-mail address",
        paragraphs: [`The account ${username} at ${host} is to have this address. Confirm that it is yours:`],
        link: link("verify", "token", token),
        afterwards: ["The link works once, for 24 hours. If you know nothing of it, do nothing."],
      }),

    changeAsked: (to: string, username: string, address: string) =>
      letter({
        to,
        subject: "Your e-mail address is to be changed",
        paragraphs: [
          `Somebody, most likely you, has asked to change the address of your account ${username} at ${host} to ${address}. It is changed once that address is confirmed.`,
          "If it was not you, somebody knows your password. Choose a new one: that stops the change, and ends every session.",
        ],
        link: `${origin}/forgot`,
      }),

    resetPassword: (to: string, username: string, token: string) =>
      letter({
        to,
        subject: "Choose a new password",
        paragraphs: [
          `Somebody, most likely you, has asked for a new password for the account ${username} at ${host}. Choose it here:`,
        ],
        link: link("reset", "token", token),
        afterwards: ["The link works once, for one hour. If it was not you, do nothing: your password stays as it is."],
      }),

    passwordChanged: (to: string, username: string) =>
      letter({
        to,
        subject: "Your password was changed",
        paragraphs: [
          `The password of your account ${username} at ${host} was changed. If it was not you, choose a new one now:`,
        ],
        link: `${origin}/forgot`,
      }),

    secondFactorAdded: (to: string, username: string, what: string) =>
      letter({
        to,
        subject: "A second factor was added",
        paragraphs: [
          `${what} was added to your account ${username} at ${host}.`,
          "If it was not you, somebody knows your password. Choose a new one, then remove what was added:",
        ],
        link: `${origin}/forgot`,
      }),

    secondFactorRemoved: (to: string, username: string, what: string) =>
      letter({
        to,
        subject: "A second factor was removed",
        paragraphs: [
          `${what} was removed from your account ${username} at ${host}.`,
          "If it was not you, somebody knows your password. Choose a new one now:",
        ],
        link: `${origin}/forgot`,
      }),

    secondFactorsRemoved: (to: string, username: string) =>
      letter({
        to,
        subject: "Your second factors were removed",
        paragraphs: [
          `An administrator has removed all second factors of your account ${username} at ${host}: its password alone signs in. Set one up again.`,
          "If you have not asked for it, tell the administrator, and choose a new password:",
        ],
        link: `${origin}/forgot`,
      }),

    invitation: (to: string, by: string, token: string) =>
      letter({
        to,
        subject: "You are invited to certedge",
        paragraphs: [`${by} invites you to make an account at ${host}:`],
        link: link("sign-up", "invitation", token),
        afterwards: ["The link works once, for seven days."],
      }),

    confirmRecipient: (to: string, username: string, token: string) =>
      letter({
        to,
        subject: "Shall you get notifications of certedge?",
        paragraphs: [
          `The account ${username} at ${host} wants to tell this address what happens with its certificates. Confirm that you want that:`,
        ],
        link: link("agree", "token", token),
        afterwards: ["The link works once, for 24 hours. If you know nothing of it, do nothing: nothing more is sent."],
      }),

    closed: (to: string, username: string) =>
      letter({
        to,
        subject: "Your account is closed",
        paragraphs: [
          `Your account ${username} at ${host} is closed, as was asked for with your password. What belonged to it is deleted.`,
        ],
      }),
  };
}
