/** Errors as answers: problem documents, and nothing of the inside. */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { routePath } from "hono/route";
import { AcmeServerProblem } from "../acme-server/problems";
import { DnsProviderError } from "../dns/errors";
import { Problem } from "../problems";
import type { AppEnv } from "./api";

export function answerProblem(error: unknown, c: Context<AppEnv>): Response {
  const problem = toProblem(error, c);
  const document = c.req.path.startsWith("/acme/") ? acmeDocument(problem) : problem.toDocument();
  return new Response(JSON.stringify(document), {
    status: problem.status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...problem.options.headers },
  });
}

/** ACME clients know the types of RFC 8555 §6.7 only. */
const acmeDocument = ({ status, detail }: Problem) =>
  new AcmeServerProblem(acmeTypeOf(status), detail, { status }).toDocument();

function acmeTypeOf(status: number) {
  if (status === 429) return "rateLimited";
  return status < 500 ? "malformed" : "serverInternal";
}

function toProblem(error: unknown, c: Context<AppEnv>): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DnsProviderError) return new Problem(502, `${error.provider}: ${error.detail}`);
  if (error instanceof HTTPException) return fromHono(error.status, error.message);
  const id = crypto.randomUUID();
  // Never the message: that of a query holds its bound values. Nor the path: that of PowerDNS holds its secret.
  const { name, stack = "" } = error instanceof Error ? error : new Error(typeof error);
  const frames = stack.split("\n").filter((line) => line.trimStart().startsWith("at "));
  console.error(JSON.stringify({ event: "error", id, name, route: routePath(c, -1), frames: frames.slice(0, 8) }));
  return new Problem(500, `Something failed inside certedge. The Worker's log has it under ${id}.`, {
    extra: { instance: `urn:uuid:${id}` },
  });
}

function fromHono(status: number, message: string): Problem {
  if (status === 400 && /JSON/i.test(message)) return new Problem(400, "The body is not valid JSON.");
  if (status === 415) return new Problem(415, "The body has to be JSON, sent as Content-Type: application/json.");
  return new Problem(400, "The request cannot be read.");
}
