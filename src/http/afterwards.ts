/** Work that nobody waits for: its time would tell what the answer does not. */
import type { Context } from "hono";
import { Problem } from "../problems";
import type { AppEnv } from "./api";

/** Begins it; what fails is in the log. A Problem's words are for people, and hold nothing secret; others' may. */
export function afterwards(c: Context<AppEnv>, work: () => Promise<unknown>): void {
  const noted = work().catch((error: Error) => {
    const detail = error instanceof Problem ? { detail: error.detail } : {};
    console.error(JSON.stringify({ event: "failed after the answer", error: error.name, ...detail }));
  });
  c.executionCtx.waitUntil(noted);
}
