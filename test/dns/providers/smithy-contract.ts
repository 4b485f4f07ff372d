/** Holds requests and answers in XML against a Smithy model (https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html). */
import { readFileSync } from "node:fs";
import path from "node:path";
import { all, parseXml, type XmlElement } from "../../../src/dns/xml";
import { type Call, type Contract, literally } from "../../support/fake-api";

interface Member {
  target: string;
  traits?: Record<string, unknown>;
}

interface Shape {
  type: string;
  members?: Record<string, Member>;
  member?: Member;
  input?: Member;
  output?: Member;
  traits?: Record<string, unknown>;
}

interface Http {
  method: string;
  uri: string;
  code: number;
}

const FOLDER = path.join(import.meta.dirname, "../openapi");

export function smithyContract(file: string, namespace: string): Contract {
  const shapes: Record<string, Shape> = JSON.parse(readFileSync(path.join(FOLDER, file), "utf8")).shapes;
  const shapeOf = (id = ""): Shape => shapes[id] ?? { type: "string" };
  const operations = Object.values(shapes).flatMap(({ type, input, output, traits }) => {
    const http = traits?.["smithy.api#http"] as Http | undefined;
    if (type !== "operation" || !http) return [];
    const pattern = new RegExp(
      `^${http.uri
        .split(/\{[^}]+\}/)
        .map(literally)
        .join("[^/]+")}$`,
    );
    return [{ http, pattern, input: input?.target ?? "", output: output?.target ?? "" }];
  });
  const find = ({ method, path: given }: Call) =>
    operations.find(({ http, pattern }) => http.method === method && pattern.test(given));

  function faults(element: XmlElement, id: string, where: string): string[] {
    const shape = shapeOf(id);
    const here = `${where}/${element.name}`;
    if (shape.type === "structure") return structureFaults(element, shape, here);
    if (shape.type === "list") {
      const name = String(shape.member?.traits?.["smithy.api#xmlName"] ?? "member");
      const wrong = element.children.filter((child) => child.name !== name).map((child) => `${here}: no ${child.name}`);
      return [...wrong, ...element.children.flatMap((child) => faults(child, shape.member?.target ?? "", here))];
    }
    if (element.children.length > 0) return [`${here} is a text`];
    return textFaults(element.text, shape).map((fault) => `${here}: ${fault}`);
  }

  /** Route 53 takes the members in their order alone. */
  function structureFaults({ children }: XmlElement, { members = {} }: Shape, here: string): string[] {
    const names = Object.keys(members).filter((name) => !members[name]?.traits?.["smithy.api#httpLabel"]);
    const given = children.map(({ name }) => name);
    const unknown = given.filter((name) => !names.includes(name)).map((name) => `${here} has no ${name}`);
    const missing = names.filter((name) => members[name]?.traits?.["smithy.api#required"] && !given.includes(name));
    const ordered = names.filter((name) => given.includes(name)).join() === given.join();
    return [
      ...unknown,
      ...missing.map((name) => `${here} misses ${name}`),
      ...(ordered ? [] : [`${here}: another order is ${given}`]),
      ...children.flatMap((child) => faults(child, members[child.name]?.target ?? "", here)),
    ];
  }

  function textFaults(text: string, { type, members = {}, traits = {} }: Shape): string[] {
    const values = Object.values(members).map((member) => member.traits?.["smithy.api#enumValue"]);
    const { min = 0, max = Number.POSITIVE_INFINITY } = (traits["smithy.api#length"] ??
      traits["smithy.api#range"] ??
      {}) as { min?: number; max?: number };
    const measure = type === "string" ? text.length : Number(text);
    if (type === "enum" && !values.includes(text)) return [`${text} is none of ${values}`];
    if (type === "boolean" && !["true", "false"].includes(text)) return [`${text} is no boolean`];
    if (["string", "long", "integer"].includes(type) && !(measure >= min && measure <= max)) return [`${text} is out`];
    return [];
  }

  function queryFaults({ query }: Call, input: string): string[] {
    const known = Object.values(shapeOf(input).members ?? {}).map(({ traits }) => traits?.["smithy.api#httpQuery"]);
    return Object.keys(query)
      .filter((name) => !known.includes(name))
      .map((name) => `unknown in the query: ${name}`);
  }

  return {
    request(call) {
      const operation = find(call);
      if (!operation) return [`the model knows no ${call.method} ${call.path}`];
      const body = call.text === "" ? undefined : parseXml(call.text);
      const takesBody = Object.values(shapeOf(operation.input).members ?? {}).some(
        ({ traits = {} }) => !("smithy.api#httpLabel" in traits || "smithy.api#httpQuery" in traits),
      );
      if (takesBody !== (body !== undefined))
        return [`${call.path}: the body is ${takesBody ? "missing" : "too much"}`];
      const isNamed = !body || (body.attributes.xmlns === namespace && operation.input.endsWith(`#${body.name}`));
      return [
        ...queryFaults(call, operation.input),
        ...(isNamed ? [] : [`${body?.name} of another namespace`]),
        ...(body ? faults(body, operation.input, "") : []),
      ];
    },

    answer(call, { status = 200, text = "" }) {
      const operation = find(call);
      if (!operation || status >= 400) return [];
      const body = parseXml(text);
      const isNamed = operation.output.endsWith(`#${body.name}`) && all(body).length === 1;
      return [...(isNamed ? [] : [`the answer is no ${body.name}`]), ...faults(body, operation.output, "")];
    },
  };
}
