import { describe, expect, it } from "vitest";
import { admin, request } from "./support/certedge";

const signIn = (username: unknown, password: unknown, headers: Record<string, string> = {}) =>
  request({ headers }).post("/api/sessions", { username, password });

/** A session of its own, so that the one that all tests share stays alive. */
async function newSession() {
  const answer = await signIn(admin().username, admin().password);
  return { answer, cookie: (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
}

const whoIs = async (cookie: string) => (await request({ cookie }).get("/api/account")).status;

describe("signing in", () => {
  it.each(["ada", "ADA", " ada ", "ada@example.com", "Ada@Example.COM"])("takes the name %j", async (name) => {
    const answer = await signIn(name, admin().password);
    expect(answer.status).toBe(201);
    expect(answer.json.account).toMatchObject({ username: "ada", email: "ada@example.com" });
    expect(answer.json.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Object.keys(answer.json).sort()).toEqual(["account", "expires_at"]);
  });

  it("gives the session in a cookie only, which ends when the answer says so", async () => {
    const { answer, cookie } = await newSession();
    expect(cookie).toMatch(/^__Host-certedge=[A-Za-z0-9_-]{43}$/);
    expect(answer.text).not.toContain(cookie.split("=")[1]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const [, ...attributes] = (answer.headers.get("set-cookie") ?? "").split("; ");
    const expires = attributes.find((attribute) => attribute.startsWith("Expires=")) ?? "";
    expect(new Date(expires.slice(8)).getTime()).toBe(new Date(answer.json.expires_at).getTime());
    const others = attributes.filter((attribute) => attribute !== expires);
    expect(others.sort()).toEqual(["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
  });

  it("does not tell a wrong password from a name that nobody has", async () => {
    const wrong = await signIn("ada", "wrong horse battery staple");
    const unknown = [
      await signIn("eve", admin().password),
      await signIn("eve@example.com", admin().password),
      await signIn("' OR 1=1 --", admin().password),
    ];
    expect(wrong.status).toBe(401);
    expect(wrong.json.detail).toBe("The user name or the password is wrong.");
    for (const answer of unknown) {
      expect({ status: answer.status, text: answer.text }).toEqual({ status: wrong.status, text: wrong.text });
      expect([...answer.headers.keys()]).toEqual([...wrong.headers.keys()]);
    }
  });

  it.each([
    ["with other case", () => admin().password.toUpperCase()],
    ["with a space after it", () => `${admin().password} `],
    ["that only begins like it", () => admin().password.slice(0, -1)],
    ["with a key in its place", () => admin().key],
  ])("takes no password %s", async (_what, password) => {
    expect((await signIn("ada", password())).status).toBe(401);
  });

  it.each([
    [{}, ["/username", "/password"]],
    [{ username: "ada" }, ["/password"]],
    [{ username: "", password: "" }, ["/username", "/password"]],
    [{ username: "ada", password: ["x"] }, ["/password"]],
    [{ username: "ada", password: "x", remember: true }, ["/remember"]],
    [{ username: "ada", password: "x".repeat(1025) }, ["/password"]],
  ])("says what is wrong with %j", async (body, pointers) => {
    const { status, json } = await request().post("/api/sessions", body);
    expect(status).toBe(422);
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers);
  });

  it("makes a session of its own each time, whatever cookie came with it", async () => {
    const fixed = `__Host-certedge=${"A".repeat(43)}`;
    const first = await signIn("ada", admin().password, { cookie: fixed });
    const second = await signIn("ada", admin().password, { cookie: fixed });
    const [one, two] = [first, second].map(({ headers }) => headers.get("set-cookie")?.split(";")[0]);
    expect(new Set([fixed, one, two]).size).toBe(3);
    expect(await whoIs(fixed)).toBe(401);
  });
});

describe("a session", () => {
  it("says who is signed in, and nothing secret of them", async () => {
    const { cookie } = await newSession();
    const { status, json, headers } = await request({ cookie }).get("/api/account");
    expect(status).toBe(200);
    expect(json).toEqual({
      id: expect.any(Number),
      username: "ada",
      email: "ada@example.com",
      email_verified: true,
      role: "admin",
      plan: "elite",
    });
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it("is nothing without its exact cookie", async () => {
    const { cookie } = await newSession();
    const [name, token = ""] = cookie.split("=");
    const last = token.endsWith("A") ? "E" : "A";
    for (const wrong of [
      `${name}=`,
      `${name}=${token.slice(0, -1)}`,
      `${name}=${token}A`,
      `${name}=${token.slice(0, -1)}${last}`,
      `${name}=%00`,
      `certedge=${token}`,
      `__host-certedge=${token}`,
    ]) {
      const { status, headers } = await request({ cookie: wrong }).get("/api/account");
      expect(status, wrong).toBe(401);
      expect(headers.get("www-authenticate")).toBe('Bearer realm="certedge"');
    }
    expect(await whoIs(cookie)).toBe(200);
  });

  it("is dead once it is signed out, and no other is", async () => {
    const [one, two] = [await newSession(), await newSession()];
    const out = await request({ cookie: one.cookie }).delete("/api/sessions/current");
    expect(out.status).toBe(204);
    expect(out.headers.get("set-cookie")).toMatch(/^__Host-certedge=; Max-Age=0; Path=\/; .*Secure/);
    expect(await whoIs(one.cookie)).toBe(401);
    expect(await whoIs(two.cookie)).toBe(200);
    expect((await request({ cookie: one.cookie }).delete("/api/sessions/current")).status).toBe(204);
  });

  it("is not what counts when a key comes with it", async () => {
    const { cookie } = await newSession();
    const headers = { cookie, authorization: "Bearer ak_wrong" };
    expect((await request({ headers }).get("/api/account")).status).toBe(401);
  });
});
