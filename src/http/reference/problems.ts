/** The errors of the API: each written once, and which of them an operation may answer, by what it takes. */

type Headers = Record<string, { description: string; schema: { type: "integer" | "string" } }>;

const problem = (description: string, headers: Headers = {}) => ({
  description,
  headers,
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
});

const retryAfter: Headers = { "Retry-After": { description: "Seconds", schema: { type: "integer" } } };
const authenticate: Headers = {
  "WWW-Authenticate": { description: "What to sign in with", schema: { type: "string" } },
};

interface Asked {
  method: string;
  path: string;
  takesBody: boolean;
  takesInput: boolean;
  isGuarded: boolean;
}

const always = () => true;
const isChange = ({ method }: Asked) => method !== "get";
const takesInput = (asked: Asked) => asked.takesInput;
const takesBody = (asked: Asked) => asked.takesBody;
const signsIn = (asked: Asked) => asked.isGuarded || asked.takesBody;
const refuses = (asked: Asked) => asked.isGuarded || isChange(asked);
/** A certificate that was asked for, and is not there yet, cannot be taken away either. */
const conflicts = (asked: Asked) => isChange(asked) || asked.path.endsWith("/download");
/** Where other services are asked: authorities, DNS servers, and whoever sends mail. */
const asksOthers = (asked: Asked) => isChange(asked) && !asked.path.includes("/api-keys");

/** What they are called, what they mean, and who may answer them. */
const problems = {
  400: ["BadRequest", problem("The request cannot be read"), isChange],
  401: ["NotSignedIn", problem("No valid credential", authenticate), signsIn],
  403: ["NotAllowed", problem("Neither the credential nor the plan allows it"), refuses],
  404: ["NotFound", problem("There is no such thing in this account"), takesInput],
  409: ["Conflict", problem("It conflicts with what is there"), conflicts],
  413: ["TooLarge", problem("The body is larger than 64 KiB"), isChange],
  415: ["NotJson", problem("The body is not sent as JSON"), takesBody],
  422: ["InvalidInput", problem("Some input is invalid; `errors` says which"), takesInput],
  429: ["TooManyRequests", problem("Too many requests, or too many attempts", retryAfter), always],
  500: ["InternalError", problem("Something failed inside; the log has it under the number of `instance`"), always],
  502: ["BadAnswer", problem("Another service, such as a DNS provider, refused it or failed"), asksOthers],
  503: ["NotAvailable", problem("Not available now", retryAfter), asksOthers],
} as const;

export const responses = Object.fromEntries(Object.values(problems).map(([name, response]) => [name, response]));

export function problemsOf(asked: Asked): Record<string, { $ref: string }> {
  const mayAnswer = Object.entries(problems).filter(([, [, , may]]) => may(asked));
  return Object.fromEntries(mayAnswer.map(([status, [name]]) => [status, { $ref: `#/components/responses/${name}` }]));
}
