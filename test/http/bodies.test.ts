/** Bodies as nobody should send them, each with an answer that says what is wrong (RFC 9457). */
import { request as httpRequest } from "node:http";
import { describe, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { requestTo } from "../support/requests";

const json = "application/json";
const send = (body: string | Uint8Array<ArrayBuffer>, type: string | undefined, path = "/api/domains") =>
  fetch(certedge().url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${admin().key}`, ...(type === undefined ? {} : { "content-type": type }) },
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
  });

async function problemOf(answer: Response) {
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const document = await answer.json();
  expect(document).toMatchObject({ type: "about:blank", status: answer.status, detail: expect.stringMatching(/\.$/) });
  return document as { title: string; status: number; detail: string; errors?: { pointer: string; detail: string }[] };
}

describe("a body that is not JSON", () => {
  it.each([
    ["a form", "fqdn=home.certedge.test", "application/x-www-form-urlencoded"],
    [
      "a form with files",
      '--x\r\ncontent-disposition: form-data; name="fqdn"\r\n\r\nhome\r\n--x--',
      "multipart/form-data",
    ],
    ["JSON called text", '{"fqdn":"home.certedge.test"}', "text/plain"],
    ["JSON called nothing", '{"fqdn":"home.certedge.test"}', undefined],
    ["JSON called what nobody knows", '{"fqdn":"home.certedge.test"}', "application/jsonp"],
    ["JSON called two things", '{"fqdn":"home.certedge.test"}', "text/plain, application/json"],
  ])("is refused by its type: %s", async (_what, body, type) => {
    const { status, detail, title } = await problemOf(await send(body, type));
    expect({ status, title }).toEqual({ status: 415, title: "Unsupported media type" });
    expect(detail).toBe("The body has to be JSON, sent as Content-Type: application/json.");
  });

  it.each([
    ["nothing", ""],
    ["half an object", '{"fqdn":'],
    ["an object and more", '{"fqdn":"home.certedge.test"}}'],
    ["two objects", "{}{}"],
    ["single quotes", "{'fqdn':'home.certedge.test'}"],
    ["a comment", '{/* */"fqdn":"home.certedge.test"}'],
    ["a trailing comma", '{"fqdn":"home.certedge.test",}'],
    ["a number that is none", '{"fqdn":NaN}'],
    ["a raw null character", '{"fqdn":"\0"}'],
    ["a raw line end in a string", '{"fqdn":"\n"}'],
    ["brackets that never close", "[".repeat(60_000)],
    ["bytes that are not UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ["UTF-16", new Uint8Array(Buffer.from('\ufeff{"fqdn":"home.certedge.test"}', "utf16le"))],
    ["gzip", new Uint8Array(Buffer.from("1f8b0800000000000003ab562a2e4d4e4e2d2e51b2520200", "hex"))],
  ])("is refused: %s", async (_what, body) => {
    const { status, detail } = await problemOf(await send(body, json));
    expect({ status, detail }).toEqual({ status: 400, detail: "The body is not valid JSON." });
  });

  it("is refused where there is nothing at all", async () => {
    const answer = await request(admin()).post("/api/domains");
    expect(answer.status).toBe(422);
    expect(answer.json.errors).toEqual([{ pointer: "/fqdn", detail: expect.any(String) }]);
  });
});

describe("JSON", () => {
  it.each(["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])(
    "is taken as %s",
    async (type) => {
      const answer = await send(JSON.stringify({ fqdn: uniqueName("typed") }), type);
      expect(answer.status).toBe(201);
    },
  );

  it("is taken with a byte order mark before it", async () => {
    expect((await send(`\ufeff${JSON.stringify({ fqdn: uniqueName("bom") })}`, json)).status).toBe(201);
  });

  it.each([
    ["null", "null", ""],
    ["an empty text", '{"fqdn":""}', "/fqdn"],
    ["a text that is too long", `{"fqdn":"${"a".repeat(301)}"}`, "/fqdn"],
    ["a list", "[]", ""],
    ["a text", '"home.certedge.test"', ""],
    ["a number where a text belongs", '{"fqdn":7}', "/fqdn"],
    ["null where a text belongs", '{"fqdn":null}', "/fqdn"],
    ["a list where a text belongs", '{"fqdn":["home.certedge.test"]}', "/fqdn"],
    ["an object where a text belongs", '{"fqdn":{"toString":"home"}}', "/fqdn"],
    ["a word that is none of the known", '{"fqdn":"home.certedge.test","record_type":"TXT"}', "/record_type"],
    ["a field that is not known", '{"fqdn":"home.certedge.test","ttl":5}', "/ttl"],
    ["a field whose name has to be escaped", '{"fqdn":"home.certedge.test","a/b~c":5}', "/a~1b~0c"],
    ["a prototype", '{"fqdn":"home.certedge.test","__proto__":{"admin":true}}', "/__proto__"],
    ["an escaped null character", '{"fqdn":"home\\u0000.certedge.test"}', "/fqdn"],
    ["the first half of a surrogate pair", '{"fqdn":"home\\ud83d.certedge.test"}', "/fqdn"],
    ["the second half of one", '{"fqdn":"\\ude00home.certedge.test"}', "/fqdn"],
    ["a null character far below", '{"fqdn":"home.certedge.test","x":[0,{"y":["\\u0000"]}]}', "/x/1/y/0"],
  ])("is refused with a pointer: %s", async (_what, body, pointer) => {
    const { status, title, detail, errors } = await problemOf(await send(body, json));
    expect({ status, title }).toEqual({ status: 422, title: "Invalid input" });
    expect(errors).toEqual([{ pointer, detail: expect.stringMatching(/^(It|There|A) .*\.$/) }]);
    expect(detail).toBe(`${pointer || "The body"}: ${errors?.[0]?.detail}`);
  });

  it("is refused with a pointer for each field that is wrong", async () => {
    const answer = await send('{"record_type":"MX","record_ip":5,"ttl":1}', json);
    const { detail, errors } = await problemOf(answer);
    expect(detail).toBe("Some fields are invalid.");
    expect(errors?.map(({ pointer }) => pointer)).toEqual(["/fqdn", "/record_type", "/record_ip", "/ttl"]);
  });

  it.each([
    ["lists", `{"fqdn":${"[".repeat(5000)}${"]".repeat(5000)}}`],
    ["objects", `{"fqdn":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}`],
  ])("is refused when its %s are nested 5000 deep", async (_what, body) => {
    const { status, detail } = await problemOf(await send(body, json));
    expect({ status, detail }).toEqual({ status: 400, detail: "The body is nested too deeply: 32 levels at most." });
  });

  it("takes the last of two fields with one name, and is not confused by it", async () => {
    const [first, last] = [uniqueName("first"), uniqueName("last")];
    const answer = await send(`{"fqdn":"${first}","fqdn":"${last}"}`, json);
    expect(await answer.json()).toMatchObject({ fqdn: last });
  });
});

describe("a body that is too large", () => {
  const tooLarge = { status: 413, title: "Request too large", detail: "The body is too large: 64 KiB at most." };

  it.each(["/api/domains", "/api/claim", "/api/sessions", "/claim", "/nic/update", "/nothing"])(
    "is refused at %s, before anybody asks who sends it",
    async (path) => {
      const { url } = certedge();
      const answer = await fetch(url + path, {
        method: "POST",
        headers: { "content-type": json },
        body: " ".repeat(1e7),
      });
      expect(await problemOf(answer)).toMatchObject(tooLarge);
    },
  );

  it("is refused when its length was not told before", async () => {
    let chunks = 0;
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(16_384).fill(32));
        if (++chunks === 5) controller.close();
      },
    });
    const answer = await fetch(`${certedge().url}/api/domains`, {
      method: "POST",
      headers: { "content-type": json },
      body,
      duplex: "half",
    } as RequestInit);
    expect(await problemOf(answer)).toMatchObject(tooLarge);
  });

  it("is refused from its first byte over 64 KiB", async () => {
    const fqdn = uniqueName("padded");
    const padded = JSON.stringify({ fqdn }).padEnd(65_536);
    expect((await send(padded, json)).status).toBe(201);
    expect((await send(`${padded} `, json)).status).toBe(413);
  });

  it("is refused with a document that an ACME client understands, on its paths", async () => {
    const answer = await send(" ".repeat(1e7), "application/jose+json", "/acme/builtin/new-account");
    expect(answer.status).toBe(413);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toEqual({
      type: "urn:ietf:params:acme:error:malformed",
      status: 413,
      detail: tooLarge.detail,
    });
  });

  it("does not keep the next request waiting", async () => {
    await send(" ".repeat(1e6), json);
    expect((await requestTo(certedge().url).get("/health")).status).toBe(200);
  });
});

it("a request that ends in the middle of its body does no harm", async () => {
  const { hostname, port } = new URL(certedge().url);
  const headers = { "content-type": json, "content-length": 1000, authorization: `Bearer ${admin().key}` };
  await new Promise<void>((resolve) => {
    const cut = httpRequest({ hostname, port, path: "/api/domains", method: "POST", headers });
    cut.on("error", () => undefined);
    cut.on("close", resolve);
    cut.write('{"fqdn":', () => cut.destroy());
  });
  expect((await request().get("/health")).status).toBe(200);
});

describe("a JWS where JSON belongs", () => {
  it("is read as carefully", async () => {
    const answer = await send('{"name":"half a \\ud800 pair"}', "application/jose+json", "/api-keys");
    expect((await problemOf(answer)).errors).toMatchObject([{ pointer: "/name" }]);
  });
});

describe("a form that cannot be read", () => {
  it.each(["/claim", "/sign-up", "/verify", "/forgot", "/reset", "/agree", "/no-more-mail"])(
    "is refused at %s",
    async (path) => {
      for (const type of ["multipart/form-data", "multipart/form-data; boundary=x"]) {
        const { status, detail } = await problemOf(await send("no form at all", type, path));
        expect({ status, detail }).toEqual({ status: 400, detail: "The form cannot be read." });
      }
    },
  );
});
