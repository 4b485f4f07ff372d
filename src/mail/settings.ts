/** Which mailer the settings of the installation choose. */
import { Problem } from "../problems";
import { bindingMailer, type EmailBinding } from "./binding-mailer";
import { httpMailer } from "./http-mailer";
import type { Mailer } from "./mailer";
import type { Outbox } from "./outbox";

export interface MailSettings {
  /** "off", "outbox", "binding" or "http" */
  mailer: string;
  from: string;
  apiUrl: string;
  apiKey: string;
  /** Where the links in mails lead: never what a request says of itself, which would send a token to any host. */
  publicUrl: string;
  binding: EmailBinding | undefined;
}

export interface MailPorts {
  fetch: typeof fetch;
  /** Throws a Problem for a URL that may not be called. */
  checkUrl: (url: string) => string;
  /** On one's own machine only. */
  outbox: Outbox | undefined;
}

/** A setting that is wrong is told to whoever needs mail, and stops nothing else. */
export function chooseMailer(settings: MailSettings, ports: MailPorts): Mailer {
  const { mailer, from, apiUrl, apiKey, publicUrl, binding } = settings;
  const origin = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  if (mailer === "off" || mailer === "") return offBecause("its operator chooses a way to send it with MAILER");
  if (origin?.protocol !== "https:" && !ports.outbox)
    return offBecause("PUBLIC_URL has to be set to its https address");
  if (mailer === "outbox") return ports.outbox ?? offBecause('MAILER = "outbox" is for `npm start` alone');
  if (from === "") return offBecause("MAIL_FROM has to be set");
  if (mailer === "binding") {
    return binding ? bindingMailer({ binding, from }) : offBecause("the send_email binding EMAIL is missing");
  }
  if (mailer !== "http") return offBecause(`MAILER is neither "binding" nor "http"`);
  if (apiKey === "") return offBecause("the secret MAIL_API_KEY is missing");
  try {
    return httpMailer({ url: ports.checkUrl(apiUrl), key: apiKey, from }, ports.fetch);
  } catch (error) {
    if (error instanceof Problem) return offBecause(`MAIL_API_URL cannot be used: ${error.detail}`);
    throw error;
  }
}

function offBecause(reason: string): Mailer {
  const off = new Problem(503, `This needs e-mail, and this certedge sends none: ${reason.replace(/\.$/, "")}.`);
  return {
    off,
    send: () => Promise.reject(off),
  };
}
