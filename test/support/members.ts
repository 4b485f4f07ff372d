/** People with accounts of their own on a certedge that was started with SIGN_UP=invitation. */
import { vi } from "vitest";
import type { Admin } from "./claim";
import { mailbox, tokenIn } from "./mail";
import { requestTo } from "./requests";

export interface Member {
  id: number;
  username: string;
  email: string;
  password: string;
  cookie: string;
}

export type Plan = "free" | "plus" | "pro" | "elite";

/** Invites somebody on a plan, who signs up and in. The invitation has verified the address. */
export async function newMember(url: string, admin: Admin, plan: Plan): Promise<Member> {
  const username = `${plan}-${Math.random().toString(36).slice(2, 10)}`;
  const [email, password] = [`${username}@example.org`, "plenty of wild horses"];
  const invited = await requestTo(url, admin).post("/api/admin/invitations", { email, plan });
  if (invited.status !== 201) throw new Error(`nobody could be invited: ${invited.text}`);
  const mail = await vi.waitUntil(async () => (await mailbox(url, admin).mailsTo(email)).at(-1), { timeout: 10_000 });
  const invitation = tokenIn(mail);
  const made = await requestTo(url).post("/api/accounts", { username, email, password, invitation });
  if (made.status !== 201) throw new Error(`the account was not made: ${made.text}`);
  const signedIn = await requestTo(url).post("/api/sessions", { username, password });
  const cookie = (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return { id: made.json.id, username, email, password, cookie };
}
