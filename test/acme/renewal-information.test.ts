import { describe, expect, it } from "vitest";
import { clientOf, NOW } from "./client";
import { BASE, json, scriptedCa } from "./scripted-ca";

describe("Renewal information", () => {
  const directory = { renewalInfo: `${BASE}/renewal-info` };
  const identifier = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
  const path = `/renewal-info/${identifier}`;
  const suggestedWindow = { start: "2027-01-03T00:00:00Z", end: "2027-01-04T02:30:00+02:00" };

  it("is the CA's window, and when to ask again", async () => {
    const ca = scriptedCa({ directory });
    const explanationURL = "https://ca.test/why";
    ca.script(path, json({ suggestedWindow, explanationURL }, { "retry-after": "21600" }));
    expect(await (await clientOf(ca)).renewalInformation(identifier)).toEqual({
      start: Date.parse("2027-01-03T00:00:00Z"),
      end: Date.parse("2027-01-04T00:30:00Z"),
      explanationUrl: explanationURL,
      retryAfter: NOW + 21_600_000,
    });
    expect(ca.lines().at(-1)).toBe(`GET ${path}`);
  });

  it("is not asked for where the CA has none", async () => {
    const ca = scriptedCa();
    expect(await (await clientOf(ca)).renewalInformation(identifier)).toBeUndefined();
    expect(ca.lines()).toEqual(["GET /directory"]);
  });

  it.each([
    ["ends before it begins", { start: suggestedWindow.end, end: suggestedWindow.start }],
    ["has no times", { start: "soon", end: "later" }],
  ])("is refused when its window %s", async (_, window) => {
    const ca = scriptedCa({ directory });
    ca.script(path, json({ suggestedWindow: window }));
    await expect((await clientOf(ca)).renewalInformation(identifier)).rejects.toMatchObject({ name: "AcmeGarbage" });
  });
});
