/** Each recorded request, as it stands, against the running Worker. */
import net from "node:net";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { addressesOf, takeHost } from "../../domains/router";
import { admin, certedge, request } from "../../support/certedge";
import { programs } from "./programs";
import type { Recorded } from "./recorded";
import { routers } from "./routers";

/** Hosts of Ada's, and what each placeholder stands for. */
async function placesOf({ password }: Recorded): Promise<Record<string, string>> {
  const [host, other] = [await takeHost(), await takeHost()];
  const made = await request(admin()).post(`/api/domains/fqdn/${host}/update-password`);
  expect(made.status).toBe(201);
  const places = {
    host,
    other,
    ip: "203.0.113.7",
    ip6: "2001:db8::7",
    prefix: "2001:db8:1:2::/64",
    user: admin().username,
    password: password === "key" ? admin().key : made.json.update_password,
    at: new URL(certedge().url).host,
  };
  return withBasic(places);
}

const withBasic = (places: Record<string, string>) => ({
  ...places,
  basic: Buffer.from(`${places.user}:${places.password}`).toString("base64"),
});

const fill = (text: string, places: Record<string, string>) =>
  text.replace(/\{(\w+)\}/g, (whole, name) => places[name] ?? whole);

/** Bytes to the server and back: no client of ours changes a letter. "200 good 203.0.113.7" */
function send(lines: string[], from?: string): Promise<string> {
  const end = lines.indexOf("");
  const [head, body] = end < 0 ? [lines, ""] : [lines.slice(0, end), lines.slice(end + 1).join("\n")];
  // The edge adds it, whatever the client says.
  const added = [...(from ? [`CF-Connecting-IP: ${from}`] : []), ...(body ? [`Content-Length: ${body.length}`] : [])];
  const message = `${[...head, ...added].join("\r\n")}\r\n\r\n${body}`;
  const { hostname, port } = new URL(certedge().url);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname, () => socket.write(message));
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      const whole = readAnswer(Buffer.concat(chunks));
      if (whole === undefined) return;
      resolve(whole);
      // The local runtime keeps the connection open, whatever it is asked for.
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`no whole answer: ${Buffer.concat(chunks)}`)));
  });
}

/** "200 good 203.0.113.7", once all of it is there. Who asks for gzip gets it, in chunks. */
function readAnswer(bytes: Buffer): string | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [head, rest] = [bytes.subarray(0, end).toString("latin1"), bytes.subarray(end + 4)];
  const status = head.split(" ")[1];
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (length !== undefined) return rest.length < Number(length) ? undefined : `${status} ${rest}`;
  if (!rest.subarray(-5).equals(Buffer.from("0\r\n\r\n"))) return undefined;
  const body = unchunk(rest);
  return `${status} ${/^content-encoding: gzip/im.test(head) ? gunzipSync(body) : body}`;
}

function unchunk(bytes: Buffer): Buffer {
  const end = bytes.indexOf("\r\n");
  const size = Number.parseInt(bytes.subarray(0, end).toString(), 16);
  if (!size) return Buffer.alloc(0);
  return Buffer.concat([bytes.subarray(end + 2, end + 2 + size), unchunk(bytes.subarray(end + 4 + size))]);
}

/** What the hosts are to have afterwards. */
function expected({ request: [line = "", ...rest], afterwards }: Recorded) {
  const whole = [line, ...rest].join("\n");
  return (
    afterwards ?? {
      host: {
        ...(whole.includes("{ip}") ? { A: "{ip}" } : {}),
        ...(whole.includes("{ip6}") ? { AAAA: "{ip6}" } : {}),
      },
    }
  );
}

describe.each([...programs, ...routers].map((recorded) => [recorded.client, recorded] as const))(
  "%s",
  (_client, recorded) => {
    it("is answered exactly: first update, no change, wrong password, unknown host", async () => {
      const places = await placesOf(recorded);
      const ask = (given: Record<string, string>) =>
        send(
          recorded.request.map((line) => fill(line, given)),
          recorded.from,
        );
      expect(await ask(places)).toBe(fill(recorded.good, places));
      expect(await ask(places)).toBe(fill(recorded.nochg, places));

      for (const [which, addresses] of Object.entries(expected(recorded))) {
        for (const family of ["A", "AAAA"] as const) {
          const address = addresses[family];
          expect(await addressesOf(places[which] ?? "", family)).toEqual(address ? [fill(address, places)] : []);
        }
      }

      const wrong = {
        ...places,
        password: `${places.password?.slice(0, 3)}${"x".repeat((places.password?.length ?? 3) - 3)}`,
      };
      expect(await ask(withBasic(wrong))).toBe(fill(recorded.badauth, places));
      const nobody = { ...places, host: "nobody.certedge.test" };
      expect(await ask(nobody)).toBe(fill(recorded.nohost, places));
    });
  },
);
