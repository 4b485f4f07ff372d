/** Mail through an HTTP API of Resend's shape: POST {from, to, subject, text, html} with a Bearer key. */
import { Problem } from "../problems";
import type { Mailer } from "./mailer";

const TIMEOUT = 15_000;

export interface HttpMailerSettings {
  url: string;
  key: string;
  from: string;
}

export function httpMailer({ url, key, from }: HttpMailerSettings, fetch: typeof globalThis.fetch): Mailer {
  return {
    async send({ to, subject, text, html }) {
      const answer = await fetch(url, {
        method: "POST",
        // The key and what is in the mail are for this host alone.
        redirect: "manual",
        headers: {
          authorization: `Bearer ${key}`,
          "content-type": "application/json",
          "user-agent": "certedge/0.1",
        },
        body: JSON.stringify({ from, to: [to], subject, text, html }),
        signal: AbortSignal.timeout(TIMEOUT),
      }).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.ok) return;
      const reason = answer ? `answered ${answer.status}` : "did not answer";
      throw new Problem(502, `The mail could not be sent: the provider at ${new URL(url).host} ${reason}.`);
    },
  };
}
