/** What is wrong with a field, for a person. A message that a schema has of its own comes before these. */
import { z } from "@hono/zod-openapi";

const kinds: Record<string, string> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

const formats: Record<string, string> = { email: "an e-mail address", uuid: "a UUID" };

const units: Record<string, string> = { string: " characters", array: " items" };

type Issue = z.core.$ZodRawIssue;

function messageOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "It is missing." : `It has to be ${kinds[issue.expected] ?? issue.expected}.`;
    case "invalid_value":
      return `It has to be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}.`;
    case "invalid_format":
      return formats[issue.format] && `It has to be ${formats[issue.format]}.`;
    case "too_big":
      return `It has to be at most ${issue.maximum}${units[issue.origin] ?? ""}.`;
    case "too_small":
      if (issue.origin === "string" && issue.minimum === 1) return "It is empty.";
      return `It has to be at least ${issue.minimum}${units[issue.origin] ?? ""}.`;
    case "invalid_union":
      return "It has none of the forms that are taken here.";
    default:
      return undefined;
  }
}

z.config({ customError: messageOf });
