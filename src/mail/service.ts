/** Mail as the settings of this Worker have it. */
import type { Database } from "../storage/database";
import type { EmailBinding } from "./binding-mailer";
import type { Mailer } from "./mailer";
import { createOutbox, type Outbox } from "./outbox";
import { chooseMailer } from "./settings";

/** Settings, and what only some installations have. */
interface Environment {
  MAILER: string;
  MAIL_FROM: string;
  MAIL_API_URL: string;
  PUBLIC_URL: string;
  MAIL_API_KEY?: string;
  EMAIL?: EmailBinding;
  /** "true" by `npm start` alone. */
  CERTEDGE_LOCAL?: string;
}

export interface MailPorts {
  environment: Environment;
  database: Database;
  fetch: typeof fetch;
  checkUrl: (url: string) => string;
  now: () => number;
}

/** The outbox is there on one's own machine only: nowhere else may a link stand in a log, or be read by another. */
export function createMail(ports: MailPorts): { mailer: Mailer; outbox: Outbox | undefined } {
  const { environment, database, now } = ports;
  const isLocal = environment.CERTEDGE_LOCAL === "true";
  const outbox = isLocal ? createOutbox({ database, now, print: (text) => console.log(text) }) : undefined;
  const settings = {
    mailer: environment.MAILER,
    from: environment.MAIL_FROM,
    apiUrl: environment.MAIL_API_URL,
    apiKey: environment.MAIL_API_KEY ?? "",
    publicUrl: environment.PUBLIC_URL,
    binding: environment.EMAIL,
  };
  return { mailer: chooseMailer(settings, { ...ports, outbox }), outbox };
}
