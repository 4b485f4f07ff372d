/** Claims a fresh certedge, as the person who has just started it. */
import { requestTo } from "./requests";
import type { WorkerProcess } from "./worker-process";

export interface Admin {
  username: string;
  password: string;
  cookie: string;
  key: string;
}

const ADMIN = { username: "ada", password: "correct horse battery staple", email: "ada@example.com" };

export async function claim({ url, secrets }: Pick<WorkerProcess, "url" | "secrets">): Promise<Admin> {
  const { username, password } = ADMIN;
  const claimed = await requestTo(url).post("/api/claim", { token: secrets.CLAIM_TOKEN, ...ADMIN });
  if (claimed.status !== 201) throw new Error(`certedge could not be claimed: ${claimed.text}`);
  const cookie = (claimed.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const made = await requestTo(url, { cookie }).post("/api-keys/", { name: "tests" });
  return { username, password, cookie, key: made.json.key };
}
