/** Where sign-up is closed, which it is unless the operator says otherwise, and where no mail goes out. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claim } from "../support/claim";
import { requestTo } from "../support/requests";
import { startProcess, type WorkerProcess } from "../support/worker-process";

const someone = { username: "grace", email: "grace@example.org", password: "plenty of wild horses" };

const password = "correct horse battery staple";
const data = mkdtempSync(path.join(os.tmpdir(), "certedge-closed-"));
let worker: WorkerProcess;
let cookie: string;

const anybody = () => requestTo(worker.url);
const admin = () => requestTo(worker.url, { cookie });

afterAll(() => rmSync(data, { recursive: true, force: true }));

describe("a certedge of the defaults", () => {
  beforeAll(async () => {
    worker = await startProcess({ data, testRoot: "" });
    cookie = (await claim(worker)).cookie;
  });

  afterAll(() => worker?.stop());

  it("lets nobody sign up, and invites nobody", async () => {
    const refused = await anybody().post("/api/accounts", someone);
    expect(refused.status).toBe(403);
    expect(refused.json.detail).toBe("Sign-up is closed here. The operator opens it with SIGN_UP.");
    const invited = await admin().post("/api/admin/invitations", { email: someone.email });
    expect(invited.status).toBe(409);
    expect(invited.json.detail).toContain("SIGN_UP");
  });
});

describe("a certedge that sends no mail", () => {
  beforeAll(async () => {
    worker = await startProcess({ data, testRoot: "", variables: { SIGN_UP: "open", MAILER: "off" } });
  });

  afterAll(() => worker?.stop());

  it.each([
    ["signing up", () => anybody().post("/api/accounts", someone)],
    ["resetting a password", () => anybody().post("/api/password-reset", { email: "ada@example.com" })],
    ["resetting nobody's password", () => anybody().post("/api/password-reset", { email: someone.email })],
    ["inviting", () => admin().post("/api/admin/invitations", { email: someone.email })],
    [
      "changing an address",
      () =>
        admin().put("/api/account/email", {
          email: someone.email,
          password,
        }),
    ],
  ])("says so for %s", async (_what, attempt) => {
    const refused = await attempt();
    expect(refused.status, refused.text).toBe(503);
    expect(refused.json.detail).toContain("MAILER");
  });

  it("lets people change their password all the same", async () => {
    const change = { current_password: password, new_password: "a river under the city" };
    expect((await admin().put("/api/account/password", change)).status).toBe(204);
  });
});
