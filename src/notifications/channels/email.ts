/** E-mail: to the account's own address, or to another one that has agreed. */
import { z } from "zod";
import { field } from "../../dns/credential-fields";
import { letter } from "../../mail/letter";
import { defineKind } from "../channel-kind";
import { type Dispatch, moreWords } from "../dispatch";

const line = (text: string) => text.replace(/\s+/g, " ");

function paragraphs({ type, entries, more, account, host }: Dispatch): string[] {
  if (type !== "digest") return (entries[0]?.detail ?? "").split(/\n{2,}/);
  const told = entries.map(({ title, detail }) => `${title}. ${line(detail)}`);
  return [
    `This is what happened with the account ${account} at ${host}, the most important first.`,
    ...told,
    ...(more > 0 ? [moreWords(more)] : []),
  ];
}

export const email = defineKind({
  id: "email",
  title: "E-mail",
  help: "To the account's verified address; another one is asked first whether it wants the mails.",
  settings: z.strictObject({
    to: field("Address", "the account's own where none is given")
      .refine((given) => z.email().safeParse(given).success, "This is no e-mail address.")
      .optional(),
  }),
  credentialKinds: {},

  write(dispatch, { address, stopLink }) {
    const { title, account, host } = dispatch;
    const why = `You get this as the account ${account} at ${host} has it in its notification channels.`;
    const letterTo = { to: address, subject: line(title) };
    if (!stopLink) return letter({ ...letterTo, paragraphs: paragraphs(dispatch), afterwards: [why] });
    const told = [...paragraphs(dispatch), `${why} Whoever wants no more of them says so here:`];
    return letter({ ...letterTo, paragraphs: told, link: stopLink });
  },
});
