import { describe, expect, it } from "vitest";
import { readCredentials, userFits } from "../../src/ddns/credentials";

const basic = (text: string | Uint8Array) => `Basic ${Buffer.from(text as string).toString("base64")}`;

describe("Credentials of an update", () => {
  it.each([
    ["ada:secret", { user: "ada", secret: "secret" }],
    ["ada@example.com:secret", { user: "ada@example.com", secret: "secret" }],
    ["ada+home@example.com:p+w", { user: "ada+home@example.com", secret: "p+w" }],
    // RFC 7617 §2: the first colon ends the user, and a password may have more.
    ["ada:a:b::c", { user: "ada", secret: "a:b::c" }],
    ["grüße:schlüssel 🔑", { user: "grüße", secret: "schlüssel 🔑" }],
    [":secret", { user: "", secret: "secret" }],
    ["ada:", { user: "ada", secret: "" }],
    [" ada : secret ", { user: " ada ", secret: " secret " }],
  ])("are read from Basic: %j", (text, credentials) => {
    expect(readCredentials(basic(text))).toEqual(credentials);
  });

  it("are read from Basic in any case, with blanks around it", () => {
    const [, encoded] = basic("ada:secret").split(" ");
    for (const header of [`basic ${encoded}`, `BASIC   ${encoded}`, `  Basic ${encoded}  `]) {
      expect(readCredentials(header), header).toEqual({ user: "ada", secret: "secret" });
    }
  });

  it("are read from Bearer and Token, whose secret alone says who it is", () => {
    for (const header of ["Bearer ak_x", "bearer ak_x", "Token ak_x"]) {
      expect(readCredentials(header), header).toEqual({ user: "", secret: "ak_x" });
    }
  });

  it.each([
    null,
    "",
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic YQ=",
    basic("no colon"),
    "Digest username=ada",
    "ada:secret",
    "Basic YTpi YTpi",
  ])("are none in %j", (header) => {
    expect(readCredentials(header)).toBeUndefined();
  });

  it("stay readable where the bytes are no UTF-8", () => {
    expect(readCredentials(basic(Uint8Array.of(0x67, 0xfc, 0x3a, 0x73)))).toEqual({ user: "g\ufffd", secret: "s" });
  });
});

describe("The user part of a credential", () => {
  const names = ["ada", "Ada@example.com", "home.certedge.test"];

  it.each(["ada", "ADA", " ada ", "ada@EXAMPLE.com", "home.certedge.test", "Home.CertEdge.test."])(
    "fits as name, email or host of the account: %j",
    (user) => expect(userFits(user, names)).toBe(true),
  );

  it.each(["", "none", "nouser", "unused", "token", "NONE"])("fits where it means nobody: %j", (user) =>
    expect(userFits(user, names)).toBe(true),
  );

  it.each(["eve", "ad", "ada2", "example.com", "away.certedge.test"])("does not fit as another's: %j", (user) =>
    expect(userFits(user, names)).toBe(false),
  );
});
