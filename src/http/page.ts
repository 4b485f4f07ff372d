/** What every page is in: a title, and the style. */
import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";

export type Content = HtmlEscapedString | Promise<HtmlEscapedString>;

export const page = (title: string, content: Content, style?: string) => html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <link rel="stylesheet" href="/style.css" />
    ${style ? html`<link rel="stylesheet" href="${style}" />` : ""}
  </head>
  <body>
    <h1>${title}</h1>
    ${content}
  </body>
</html>`;
