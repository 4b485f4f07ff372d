/** The OpenAPI document as a page, for people: made here, without a script. */
import { html } from "hono/html";
import type { Content } from "../page";
import { type Document, type Media, type Method, type Operation, operationsOf, type Parameter } from "./document";
import { resolve, type Schema, type Schemas } from "./examples";

export const REFERENCE_STYLE = `
body { max-width: 60rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; padding: 0; }
h2 { margin: 2.5rem 0 0.25rem; }
h2 + p { margin-top: 0; }
details { border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent); padding: 0.4rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 4rem; font: 600 0.8rem ui-monospace, monospace; }
summary code { background: none; padding: 0; }
summary span { opacity: 0.75; margin-left: 0.5rem; }
details > div { margin: 0.5rem 0 1.5rem 1rem; }
h3 { font-size: 0.95rem; margin: 1.25rem 0 0.25rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
td { padding: 0.25rem 0.75rem 0.25rem 0; vertical-align: top; border-top: 1px solid color-mix(in srgb, currentColor 10%, transparent); }
td:first-child { white-space: nowrap; }
pre { font-size: 0.85rem; margin: 0.25rem 0; }
`;

const anchor = (tag: string) => tag.toLowerCase().replaceAll(" ", "-");
const code = (text: string) => html`<code>${text}</code>`;

/** Descriptions have \`code\`, and nothing else of Markdown. */
const prose = (text = "") =>
  html`${text.split("`").map((part, index) => (index % 2 === 1 ? code(part) : html`${part}`))}`;

export const referencePage = (document: Document): Content => {
  const { schemas } = document.components;
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    operationsOf(item).map(([method, operation]) => ({ path, method, operation })),
  );
  return html`<p>${prose(document.info.description)} For programs: <a href="/openapi.json">/openapi.json</a>.</p>
    <nav>
      <ul>
        ${document.tags.map(({ name }) => html`<li><a href="#${anchor(name)}">${name}</a></li>`)}
      </ul>
    </nav>
    ${document.tags.map(
      ({ name, description }) =>
        html`<h2 id="${anchor(name)}">${name}</h2>
          <p>${description}</p>
          ${operations
            .filter(({ operation }) => operation.tags.includes(name))
            .map(({ path, method, operation }) => operationPart(document, schemas, path, method, operation))}`,
    )}`;
};

function operationPart(document: Document, schemas: Schemas, path: string, method: Method, operation: Operation) {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const request = requestBody?.content["application/json"];
  return html`<details id="${operationId}">
    <summary><b>${method.toUpperCase()}</b> <code>${path}</code><span>${summary}</span></summary>
    <div>
      ${description ? html`<p>${prose(description)}</p>` : ""}
      <p>${credentials(operation)}</p>
      ${
        parameters.length > 0
          ? html`<h3>Parameters</h3>
            <table>
              ${parameters.map((parameter) => parameterRow(schemas, parameter))}
            </table>`
          : ""
      }
      ${request ? html`<h3>Body</h3> ${mediaPart(schemas, request)}` : ""}
      <h3>Answers</h3>
      ${Object.entries(responses).map(([status, given]) => {
        const named = given.$ref && document.components.responses[given.$ref.split("/").at(-1) ?? ""];
        const response = named || given;
        if (named) return "";
        return html`<p>${code(status)} ${response.description}${typesOf(response.content)}</p>
          ${response.content?.["application/json"] ? mediaPart(schemas, response.content["application/json"]) : ""}`;
      })}
      <table>
        ${Object.entries(responses).map(([status, { $ref }]) => {
          const response = $ref && document.components.responses[$ref.split("/").at(-1) ?? ""];
          return response ? html`<tr><td>${code(status)}</td><td>${prose(response.description)}</td></tr>` : "";
        })}
      </table>
    </div>
  </details>`;
}

const typesOf = (content: Record<string, Media> = {}) => {
  const types = Object.keys(content).filter((type) => type !== "application/json");
  return html`${types.map((type, index) => html`${index === 0 ? ": " : ", "}${code(type)}`)}`;
};

function credentials({ security }: Operation) {
  if (security.length === 0) return html`Takes no credential.`;
  const [scope] = security.flatMap(({ apiKey = [] }) => apiKey);
  return scope ? html`Takes a session, or an API key with the scope ${code(scope)}.` : html`Takes a session only.`;
}

const parameterRow = (schemas: Schemas, { name, in: place, required, description, schema = {} }: Parameter) =>
  html`<tr>
    <td>${code(name)}</td>
    <td>${place}${required ? "" : ", optional"}</td>
    <td>${typeOf(schemas, schema)}</td>
    <td>${prose(description ?? resolve(schemas, schema).description)}</td>
  </tr>`;

function mediaPart(schemas: Schemas, { schema = {}, example }: Media) {
  const { properties = {}, required = [] } = flat(schemas, schema);
  return html`<table>
      ${Object.entries(properties).map(
        ([name, inner]) =>
          html`<tr>
            <td>${code(name)}</td>
            <td>${typeOf(schemas, inner)}${required.includes(name) ? "" : ", optional"}</td>
            <td>${prose(inner.description ?? resolve(schemas, inner).description)}</td>
          </tr>`,
      )}
    </table>
    <pre>${JSON.stringify(example, null, 2)}</pre>`;
}

/** The members of an object that is made of several. */
function flat(schemas: Schemas, given: Schema): Pick<Schema, "properties" | "required"> {
  const schema = resolve(schemas, given);
  const parts = (schema.allOf ?? []).map((part) => flat(schemas, part));
  return {
    properties: Object.assign({}, ...parts.map(({ properties }) => properties), schema.properties),
    required: [...parts.flatMap(({ required = [] }) => required), ...(schema.required ?? [])],
  };
}

function typeOf(schemas: Schemas, given: Schema): string {
  const schema = resolve(schemas, given);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map((choice) => typeOf(schemas, choice)))].join(" or ");
  const types = [schema.type ?? (schema.allOf ? "object" : "anything")].flat();
  return types
    .map((type) => (type === "array" && schema.items ? `list of ${typeOf(schemas, schema.items)}` : type))
    .join(" or ");
}
