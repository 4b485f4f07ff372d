/** The vectors are those of AWS's own suite for Signature Version 4. */
import { describe, expect, it } from "vitest";
import { signAws } from "../../src/dns/sigv4";

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const scope = { region: "us-east-1", service: "service" };
const now = Date.UTC(2015, 7, 30, 12, 36);
const sessionToken =
  "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

const request = (method: string, path = "", body?: string) => ({
  method,
  url: new URL(`https://example.amazonaws.com/${path}`),
  body,
});

describe("AWS Signature Version 4", () => {
  it.each([
    [
      "get-vanilla",
      request("GET"),
      {},
      "host;x-amz-date",
      "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ],
    [
      "get-vanilla-query-order-key-case",
      request("GET", "?Param2=value2&Param1=value1"),
      {},
      "host;x-amz-date",
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ],
    [
      "post-x-www-form-urlencoded",
      request("POST", "", "Param1=value1"),
      { "Content-Type": "application/x-www-form-urlencoded" },
      "content-type;host;x-amz-date",
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ],
    [
      "get-header-value-multiline",
      request("GET"),
      { "my-header1": "value1,value2,value3" },
      "host;my-header1;x-amz-date",
      "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
    ],
  ])("signs %s as the suite does", async (_, given, headers, names, signature) => {
    expect(await signAws(given, keys, scope, now, headers)).toEqual({
      "x-amz-date": "20150830T123600Z",
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
    });
  });

  it("signs the token of a session as post-sts-header-after does", async () => {
    const headers = await signAws(request("POST"), { ...keys, sessionToken }, scope, now);
    expect(headers["x-amz-security-token"]).toBe(sessionToken);
    expect(headers.authorization).toMatch(
      /host;x-amz-date;x-amz-security-token, Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead$/,
    );
  });
});
