/** Mail through Cloudflare's send_email binding. */
import { Problem } from "../problems";
import type { Mail, Mailer } from "./mailer";

/** What is used of the binding. */
export interface EmailBinding {
  send(mail: Mail & { from: string }): Promise<unknown>;
}

export function bindingMailer({ binding, from }: { binding: EmailBinding; from: string }): Mailer {
  return {
    async send(mail) {
      await binding.send({ ...mail, from }).catch((error: { code?: unknown }) => {
        // The code alone: "E_SENDER_NOT_VERIFIED". The message may hold the address.
        const code = /^E_[A-Z_]+$/.test(String(error?.code)) ? String(error.code) : "without a reason";
        throw new Problem(502, `The mail could not be sent: Cloudflare refused it (${code}).`);
      });
    },
  };
}
