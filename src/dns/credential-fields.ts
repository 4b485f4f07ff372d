/** The fields of a credential: what each may be, and what a form has to know of it. */
import { z } from "zod";

/** A field as forms show it. */
export interface CredentialField {
  name: string;
  title: string;
  help: string;
  secret: boolean;
  optional: boolean;
  /** Whether it is a text of several lines: a PEM, a JSON document. */
  multiline: boolean;
  /** Whether it says where to the secrets are sent: with another one, they have to be given anew. */
  address: boolean;
  /** The values that there are; null where it is free. */
  options: string[] | null;
}

type FieldMeta = Omit<CredentialField, "name" | "optional" | "options">;

const fields = z.registry<FieldMeta>();
const plain = { secret: false, multiline: false, address: false };

const text = () => z.string().trim().min(1).max(8192);
/** A line break in a header or a query is the beginning of somebody else's. */
const line = () => text().regex(/^\P{Cc}*$/u, "It has a character that does not belong there: a line break?");
const isAddress = (given: string) => /^https?:\/\/[^/?#@]+(\/[^?#]*)?$/i.test(given) && URL.canParse(given);

/** A field that is never shown again. */
export const secret = (title: string, help: string) => line().register(fields, { ...plain, title, help, secret: true });

/** A secret of several lines: a PEM, a JSON document. */
export const secretText = (title: string, help: string) =>
  text().register(fields, { ...plain, title, help, secret: true, multiline: true });

/** A field that may be shown. */
export const field = (title: string, help: string) => line().register(fields, { ...plain, title, help });

/** The same, of several lines. */
export const fieldText = (title: string, help: string) =>
  text().register(fields, { ...plain, title, help, multiline: true });

/** A field that may be shown, and has a form of its own, which `words` tell. */
export const shaped = (title: string, help: string, form: RegExp, words: string) =>
  line()
    .regex(form, words)
    .register(fields, { ...plain, title, help });

/** A field that may be shown, and is one of these. */
export const choice = <Option extends string>(title: string, help: string, options: readonly Option[]) =>
  z.enum(options).register(fields, { ...plain, title, help });

/** Where an API is, when that is for the person to say. */
export const address = (title: string, help: string) =>
  line()
    .refine(isAddress, "Give the whole address, as in https://ns.example.net:8081.")
    .register(fields, { ...plain, title, help, address: true });

/** The same for a server that has no URL. */
export const host = (title: string, help: string) =>
  line()
    .regex(/^[a-z0-9.:-]+$/i, "Give the host alone, as in smtp.example.net.")
    .register(fields, { ...plain, title, help, address: true });

/** The fields of a schema, in its order. */
export const fieldsOf = ({ shape }: z.ZodObject): CredentialField[] =>
  Object.entries(shape).map(([name, schema]) => ({ name, ...metaOf(schema as z.ZodType) }));

function metaOf(schema: z.ZodType): Omit<CredentialField, "name"> {
  const optional = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  const inner = optional ? (schema.unwrap() as z.ZodType) : schema;
  const unknown = { ...plain, title: "", help: "", secret: true };
  const options = inner instanceof z.ZodEnum ? inner.options.map(String) : null;
  return { ...unknown, ...fields.get(inner as z.ZodString), optional, options };
}
