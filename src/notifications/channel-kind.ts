/** What a kind of channel is to certedge. A new one is a file in channels/ and a line in channel-kinds.ts. */
import type { z } from "zod";
import { type CredentialField, fieldsOf } from "../dns/credential-fields";
import type { Mail } from "../mail/mailer";
import type { ChannelKind as ChannelKindId } from "../storage/tables/notifications";
import type { Dispatch, HttpAnswer, HttpMessage, Outcome } from "./dispatch";

export type Settings = Record<string, unknown>;

interface Described {
  id: ChannelKindId;
  title: string;
  /** What it takes to have one, as a sentence. */
  help: string;
  /** By kind of stored credential: which of the settings each of its fields stands for. */
  credentialKinds: Record<string, Record<string, string>>;
}

/** Over HTTP: the message it makes, and what the answer to it means. */
interface OverHttp<Given> {
  shape(dispatch: Dispatch, settings: Given): HttpMessage | Promise<HttpMessage>;
  judge(answer: HttpAnswer, now: number): Outcome;
}

/** An address that may be written to, and the link by which another one than the account's own stops that. */
export interface MailTarget {
  address: string;
  stopLink?: string | undefined;
}

/** By e-mail, to the address that the settings name or else to the account's. */
interface ByMail {
  write(dispatch: Dispatch, to: MailTarget): Mail;
}

export type ChannelKind = Described & {
  /** The settings' schema, and its fields as forms show them. */
  credentials: z.ZodObject;
  credentialFields(): CredentialField[];
} & (OverHttp<Settings> | ByMail);

type Definition<Schema extends z.ZodObject> = Described & { settings: Schema } & (OverHttp<z.output<Schema>> | ByMail);

export function defineKind<Schema extends z.ZodObject>({ settings, ...definition }: Definition<Schema>): ChannelKind {
  const fields = { credentials: settings, credentialFields: () => fieldsOf(settings) };
  if (!("shape" in definition)) return { ...definition, ...fields };
  const { shape, ...rest } = definition;
  return { ...rest, ...fields, shape: (dispatch, given) => shape(dispatch, settings.parse(given)) };
}
