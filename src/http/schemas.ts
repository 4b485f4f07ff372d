/** Building blocks of the API's descriptions: bodies, answers, instants. */
import { z } from "@hono/zod-openapi";

/** ISO 8601 to the second, as the seeds show it: 2025-01-15T10:30:00Z. */
export const instant = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

export const maybeInstant = (milliseconds: number | null) => (milliseconds === null ? null : instant(milliseconds));

export const ProblemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .openapi("Problem");

export const body = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true as const, content: { "application/json": { schema } } },
});

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: ProblemDocument } },
});

const problems = {
  400: problem("The request cannot be read"),
  401: problem("No valid credential"),
  403: problem("Not allowed"),
  404: problem("Not found"),
  409: problem("It conflicts with what is there"),
  422: problem("Some input is invalid"),
  429: problem("Too many requests; Retry-After says when to come back"),
};

const descriptions: Record<number, string> = { 200: "Done", 201: "Made", 202: "Accepted", 204: "Done" };

type Content<Schema> = Schema extends z.ZodType ? { content: { "application/json": { schema: Schema } } } : unknown;

/** The answers of a route: its own, each with its schema or null for an empty one, and the problems. */
export function answers<Successes extends Record<number, z.ZodType | null>>(successes: Successes) {
  const own = Object.fromEntries(
    Object.entries(successes).map(([status, schema]) => [
      status,
      {
        description: descriptions[Number(status)] ?? "Done",
        ...(schema ? { content: { "application/json": { schema } } } : {}),
      },
    ]),
  );
  return { ...own, ...problems } as {
    [Status in keyof Successes]: { description: string } & Content<Successes[Status]>;
  } & typeof problems;
}
