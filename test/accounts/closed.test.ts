/** Where sign-up is closed, which it is unless the operator says otherwise, and where no mail goes out. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { admin, request } from "../support/certedge";
import { claim } from "../support/claim";
import { requestTo } from "../support/requests";
import { startProcess, type WorkerProcess } from "../support/worker-process";

const someone = { username: "grace", email: "grace@example.org", password: "plenty of wild horses" };

describe("a certedge of the defaults", () => {
  it("lets nobody sign up, and invites nobody", async () => {
    const refused = await request().post("/api/accounts", someone);
    expect(refused.status).toBe(403);
    expect(refused.json.detail).toBe("Sign-up is closed here. The operator opens it with SIGN_UP.");
    const invited = await request(admin()).post("/api/admin/invitations", { email: someone.email });
    expect(invited.status).toBe(409);
    expect(invited.json.detail).toContain("SIGN_UP");
  });
});

describe("a certedge that sends no mail", () => {
  const data = mkdtempSync(path.join(os.tmpdir(), "certedge-no-mail-"));
  let worker: WorkerProcess;
  let cookie: string;

  beforeAll(async () => {
    worker = await startProcess({ data, testRoot: "", variables: { SIGN_UP: "open", MAILER: "off" } });
    cookie = (await claim(worker)).cookie;
  });

  afterAll(async () => {
    await worker?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  it.each([
    ["signing up", () => requestTo(worker.url).post("/api/accounts", someone)],
    ["resetting a password", () => requestTo(worker.url).post("/api/password-reset", { email: "ada@example.com" })],
    ["resetting nobody's password", () => requestTo(worker.url).post("/api/password-reset", { email: someone.email })],
    ["inviting", () => requestTo(worker.url, { cookie }).post("/api/admin/invitations", { email: someone.email })],
    [
      "changing an address",
      () =>
        requestTo(worker.url, { cookie }).put("/api/account/email", {
          email: someone.email,
          password: "correct horse battery staple",
        }),
    ],
  ])("says so for %s", async (_what, attempt) => {
    const refused = await attempt();
    expect(refused.status, refused.text).toBe(503);
    expect(refused.json.detail).toContain("MAILER");
  });

  it("lets people change their password all the same", async () => {
    const change = { current_password: "correct horse battery staple", new_password: "a river under the city" };
    expect((await requestTo(worker.url, { cookie }).put("/api/account/password", change)).status).toBe(204);
  });
});
