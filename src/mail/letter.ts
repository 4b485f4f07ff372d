/** A short mail, in text and in HTML: paragraphs, and one link that stands alone. */
import type { Mail } from "./mailer";

export interface Letter {
  to: string;
  subject: string;
  /** What it is about; then, after the link, what else there is to know. */
  paragraphs: string[];
  link?: string;
  afterwards?: string[];
}

export function letter({ to, subject, paragraphs, link, afterwards = [] }: Letter): Mail {
  const text = [...paragraphs, ...(link ? [link] : []), ...afterwards].join("\n\n");
  const html = [
    ...paragraphs.map((paragraph) => `<p>${escaped(paragraph)}</p>`),
    ...(link ? [`<p><a href="${escaped(link)}">${escaped(link)}</a></p>`] : []),
    ...afterwards.map((paragraph) => `<p>${escaped(paragraph)}</p>`),
  ];
  return {
    to,
    subject,
    text: `${text}\n`,
    html: `<!doctype html>\n<html lang="en"><body>\n${html.join("\n")}\n</body></html>\n`,
  };
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
