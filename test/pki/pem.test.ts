import { describe, expect, it } from "vitest";
import { decodePem, encodePem } from "../../src/pki/pem";

const der = Uint8Array.from({ length: 100 }, (_, index) => index);
const one = encodePem("CERTIFICATE", der);

describe("PEM", () => {
  it("has lines of 64 characters between its two lines (RFC 7468 §2)", () => {
    expect(one.split("\n").map(({ length }) => length)).toEqual([27, 64, 64, 8, 25, 0]);
    expect(one).toMatch(/^-----BEGIN CERTIFICATE-----\n.*\n-----END CERTIFICATE-----\n$/s);
  });

  it.each([0, 1, 2, 3, 47, 48, 49, 10_000])("gives %i bytes back as they were", (size) => {
    const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 7) & 255);
    expect(decodePem(encodePem("X509 CRL", bytes))).toEqual([{ label: "X509 CRL", der: bytes }]);
  });

  it.each([
    ["with CRLF", one.replaceAll("\n", "\r\n")],
    ["with CR alone", one.replaceAll("\n", "\r")],
    ["without its last line end", one.trimEnd()],
    ["on lines of another length", one.replace(/([A-Za-z0-9+/=]{16})/g, "$1\n")],
    ["with blanks and tabs at line ends", one.replaceAll("\n", " \t\n")],
    ["with text around it", `subject: CN=example.com\nBag-Attributes: -----\n${one}the end - of it\n`],
  ])("is read %s", (_, text) => {
    expect(decodePem(text)).toEqual([{ label: "CERTIFICATE", der }]);
  });

  it("is read as several blocks, in their order", () => {
    const text = `${encodePem("PRIVATE KEY", der.slice(1))}${one}\n\n${encodePem("CERTIFICATE", der.slice(2))}`;
    expect(decodePem(text)).toEqual([
      { label: "PRIVATE KEY", der: der.slice(1) },
      { label: "CERTIFICATE", der },
      { label: "CERTIFICATE", der: der.slice(2) },
    ]);
  });

  it.each(["", "garbage", "----BEGIN CERTIFICATE----\nAAAA\n----END CERTIFICATE----", "-----END CERTIFICATE-----"])(
    "is not in %j",
    (text) => expect(decodePem(text)).toEqual([]),
  );

  it.each([
    ["with what is no base64", one.replace("AAEC", "A*EC"), "The CERTIFICATE block is not base64."],
    ["with padding in its middle", one.replace("AAEC", "AA=="), "The CERTIFICATE block is not base64."],
    ["cut off", `${one}${one.slice(0, 120)}`, "has a block that is cut off"],
    ["with another label at its end", one.replace("END CERTIFICATE", "END CERTIFICAT"), "ends under another label"],
    ["with a block in a block", one.replace("AAEC", one), "has a block that is cut off"],
    ["with the headers of RFC 1421", one.replace("AAEC", "Proc-Type: 4,ENCRYPTED\n\nAAEC"), "a block that is cut off"],
    ["larger than 1 MiB", " ".repeat(1_048_577), "The PEM text is larger than 1 MiB."],
  ])("is refused %s", (_, text, message) => {
    expect(() => decodePem(text)).toThrow(
      expect.objectContaining({ name: "PemError", message: expect.stringContaining(message) }),
    );
  });
});
