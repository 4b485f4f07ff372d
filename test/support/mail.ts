/** The mails of a local certedge, as its operator reads them. */
import { expect } from "vitest";
import type { Admin } from "./claim";
import { requestTo } from "./requests";

export interface SentMail {
  id: number;
  to: string;
  subject: string;
  text: string;
  html: string;
  created_at: string;
}

export function mailbox(url: string, { key }: Pick<Admin, "key">) {
  /** Mails to an address, oldest first. */
  async function mailsTo(address: string): Promise<SentMail[]> {
    const { json } = await requestTo(url, { key }).get("/dev/outbox");
    return (json.mails as SentMail[]).filter(({ to }) => to === address.toLowerCase()).reverse();
  }

  /** The newest mail of a subject to an address, once it is there: some are sent after the answer. */
  async function mailTo(address: string, subject: RegExp, count = 1): Promise<SentMail> {
    const find = async () => (await mailsTo(address)).filter((mail) => subject.test(mail.subject));
    await expect
      .poll(async () => (await find()).length, { timeout: 10_000, interval: 50 })
      .toBeGreaterThanOrEqual(count);
    return (await find()).at(-1) as SentMail;
  }

  return { mailsTo, mailTo };
}

/** The token of the link in a mail. */
export const tokenIn = ({ text }: Pick<SentMail, "text">): string =>
  /[?&](?:token|invitation)=([A-Za-z0-9_-]+)/.exec(text)?.[1] ?? "";
