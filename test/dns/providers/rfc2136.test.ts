/** Dynamic updates against name servers that lie, fail or refuse; real ones are in test/interop. */
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createProviderHttp } from "../../../src/dns/http";
import { rfc2136 } from "../../../src/dns/providers/rfc2136";
import { ResolveError } from "../../../src/dns/resolver";
import type { Connect } from "../../../src/dns/tcp";
import { connect } from "../../support/connect";
import { connectTo } from "../../support/provider-peer";
import { closedPort, framed, tcpServer } from "../tcp-servers";

const NOW = Date.UTC(2026, 0, 15);
const SECRET = Buffer.from("the secret of the key").toString("base64");
const ZONE = "example.com";
const record = { name: "_acme-challenge.example.com", type: "TXT" as const, value: "value", ttl: 60 };

const toServer = (server: string, more: Record<string, string> = {}, through: Connect = connect) =>
  connectTo({
    provider: rfc2136,
    credentials: { server, key_name: "Certedge.", secret: SECRET, ...more },
    http: createProviderHttp({ fetch, now: () => NOW, allowPrivateHosts: true }),
    connect: through,
  });

/** A name as the DNS has it, by a second hand. */
const nameBytes = (name: string) =>
  Buffer.concat([
    ...name.split(".").map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)),
    Buffer.of(0),
  ]);
const u16 = (value: number) => Buffer.of(value >> 8, value & 255);
const KEY = nameBytes("certedge");
const ALGORITHM = nameBytes("hmac-sha256");

/** Where the TSIG record begins in a message: behind what dns-packet makes of all before it. */
const tsigAt = (message: Buffer) => message.lastIndexOf(Buffer.concat([KEY, u16(250), u16(255)]));
const macIn = (message: Buffer) => {
  const at = tsigAt(message) + KEY.length + 10 + ALGORITHM.length + 10;
  return message.subarray(at, at + 32);
};

function digest(parts: Buffer[], seconds: number, other: Buffer = Buffer.alloc(0), error = 0): Buffer {
  const time = Buffer.alloc(6);
  time.writeUIntBE(seconds, 0, 6);
  const variables = [KEY, u16(255), Buffer.alloc(4), ALGORITHM, time, u16(300), u16(error), u16(other.length), other];
  return createHmac("sha256", Buffer.from(SECRET, "base64"))
    .update(Buffer.concat([...parts, ...variables]))
    .digest();
}

interface Signing {
  seconds?: number;
  error?: number;
  other?: Buffer;
  mac?: Buffer;
}

/** An answer without records, signed (RFC 8945 §5.3). */
function signedAnswer(query: Buffer, rcode: number, { seconds = NOW / 1000, error = 0, other, mac }: Signing = {}) {
  const head = Buffer.concat([query.subarray(0, 2), u16(0x8400 | rcode), Buffer.alloc(8)]);
  const asked = macIn(query);
  const signature = mac ?? digest([u16(asked.length), asked, head], seconds, other, error);
  const time = Buffer.alloc(6);
  time.writeUIntBE(seconds, 0, 6);
  const rest = [u16(error), u16(other?.length ?? 0), other ?? Buffer.alloc(0)];
  const data = Buffer.concat([
    ALGORITHM,
    time,
    u16(300),
    u16(signature.length),
    signature,
    query.subarray(0, 2),
    ...rest,
  ]);
  const record = Buffer.concat([KEY, u16(250), u16(255), Buffer.alloc(4), u16(data.length), data]);
  return framed(Buffer.concat([head.fill(1, 11, 12), record]));
}

const isUpdate = (query: Buffer) => (query.readUInt8(2) & 0x78) >> 3 === 5;

/** A server whose answer to a query without the two bytes of length is this. */
function nameServer(answerTo: (query: Buffer) => Buffer | undefined): Promise<string> {
  const done = new WeakMap<object, number>();
  return tcpServer((socket, received) => {
    for (
      let at = done.get(socket) ?? 0;
      received.length >= at + 2 && received.length >= at + 2 + received.readUInt16BE(at);
    ) {
      const length = received.readUInt16BE(at);
      const answer = answerTo(received.subarray(at + 2, at + 2 + length));
      at += 2 + length;
      done.set(socket, at);
      if (answer) socket.write(answer);
      else socket.destroy();
    }
  });
}

describe("A dynamic update", () => {
  it("is one message in the form of RFC 2136, signed in the form of RFC 8945", async () => {
    const queries: Buffer[] = [];
    const server = await nameServer((query) => {
      queries.push(Buffer.from(query));
      return signedAnswer(query, 0);
    });
    await toServer(server).add(ZONE, record);
    expect(queries.map(isUpdate)).toEqual([false, true]);

    const update = queries[1] ?? Buffer.alloc(0);
    const expected = Buffer.concat([
      ...[update.subarray(0, 2), u16(0x2800), u16(1), u16(1), u16(1), u16(0)],
      ...[nameBytes(ZONE), u16(6), u16(1)], // the zone, SOA IN
      ...[nameBytes(record.name), u16(5), u16(254), Buffer.alloc(4), u16(0)], // provided that there is no CNAME
      ...[nameBytes(record.name), u16(16), u16(1), u16(0), u16(60), u16(6), Buffer.from("\x05value")],
    ]);
    const unsigned = Buffer.from(update.subarray(0, tsigAt(update))).fill(0, 11, 12);
    expect(unsigned).toEqual(expected);
    expect(macIn(update).equals(digest([unsigned], NOW / 1000))).toBe(true);
  });

  it.each([
    [2, "unavailable", "SERVFAIL"],
    [4, "refused", "takes no dynamic updates"],
    [5, "credential", "The key certedge may not write this in example.com"],
    [7, "refused", "alias"],
    [9, "zone_not_found", "not the primary of example.com"],
    [10, "zone_not_found", "not in example.com"],
    [1, "refused", "RCODE 1"],
  ])("that is answered with RCODE %i fails as %s, with what it means", async (rcode, kind, words) => {
    const server = await nameServer((query) => signedAnswer(query, isUpdate(query) ? rcode : 0));
    await expect(toServer(server).add(ZONE, record)).rejects.toMatchObject({
      kind,
      detail: expect.stringContaining(words),
    });
  });

  it("whose connection is lost is told again, once", async () => {
    let updates = 0;
    const server = await nameServer((query) =>
      isUpdate(query) && ++updates === 1 ? undefined : signedAnswer(query, 0),
    );
    await toServer(server).add(ZONE, record);
    expect(updates).toBe(2);
  });

  it("that is lost again and again is unavailable", async () => {
    let connections = 0;
    const server = await nameServer(() => {
      connections++;
      return undefined;
    });
    await expect(toServer(server).remove(ZONE, record)).rejects.toMatchObject({
      kind: "unavailable",
      detail: expect.stringContaining("ended the connection"),
    });
    expect(connections).toBe(2);
  });

  it("takes one message to add a value that nobody asked for before, and one to remove it", async () => {
    const asked: boolean[] = [];
    const server = await nameServer((query) => {
      asked.push(isUpdate(query));
      return signedAnswer(query, 0);
    });
    const connection = toServer(server);
    await connection.add(ZONE, { ...record, isNew: true });
    await connection.remove(ZONE, record);
    expect(asked).toEqual([true, true]);
  });

  it("does not believe an answer that the key has not signed", async () => {
    const forged = Buffer.alloc(32, 7);
    const answers: [(query: Buffer) => Buffer, string][] = [
      [(query) => signedAnswer(query, 0, { mac: forged }), "not signed by the key"],
      [(query) => signedAnswer(query, 0, { mac: forged.subarray(0, 0) }), "not signed by the key"],
      [(query) => signedAnswer(query, 0, { seconds: NOW / 1000 - 3600 }), "not signed by the key"],
      [(query) => framed(Buffer.concat([query.subarray(0, 2), u16(0x8400), Buffer.alloc(8)])), "is not signed"],
    ];
    for (const [answerTo, words] of answers) {
      const server = await nameServer(answerTo);
      await expect(toServer(server).add(ZONE, record)).rejects.toMatchObject({
        kind: "unavailable",
        detail: expect.stringContaining(words),
      });
    }
  });

  it("is not taken for done when the server signs its refusal of the time: the error tells the difference", async () => {
    const other = Buffer.alloc(6);
    other.writeUIntBE(NOW / 1000 - 900, 0, 6);
    const server = await nameServer((query) => signedAnswer(query, 9, { error: 18, other }));
    await expect(toServer(server).add(ZONE, record)).rejects.toMatchObject({
      kind: "unavailable",
      detail: expect.stringContaining("by 900 s"),
    });
  });

  it.each([
    ["no message", Buffer.of(1, 2, 3)],
    ["more records than it has", Buffer.concat([u16(0x8400), u16(0), u16(9), Buffer.alloc(4)])],
    [
      "a name that points to itself",
      Buffer.concat([u16(0x8400), u16(0), u16(1), Buffer.alloc(4), u16(0xc00c), Buffer.alloc(12)]),
    ],
    [
      "a signature that is cut off",
      Buffer.concat([u16(0x8400), Buffer.alloc(7), Buffer.of(1, 0), u16(250), u16(255), Buffer.alloc(6)]),
    ],
  ])("is not understood to have worked by an answer with %s", async (_, rest) => {
    const server = await nameServer((query) => framed(Buffer.concat([query.subarray(0, 2), rest])));
    await expect(toServer(server).add(ZONE, record)).rejects.toMatchObject({
      kind: "unavailable",
      detail: "Its answer is not a DNS message.",
    });
  });

  it("does not begin without a server, or at one that may not be reached", async () => {
    await expect(toServer(await closedPort()).add(ZONE, record)).rejects.toMatchObject({ kind: "unavailable" });
    const forbidden = () => {
      throw new ResolveError("10.0.0.1 is a private host.");
    };
    await expect(toServer("10.0.0.1", {}, forbidden).add(ZONE, record)).rejects.toMatchObject({
      detail: "10.0.0.1 is a private host.",
    });
  });

  it("does not begin with a value that the DNS cannot hold", async () => {
    const server = await nameServer((query) => signedAnswer(query, 0));
    const label = "x".repeat(64);
    await expect(toServer(server).add(ZONE, { ...record, name: `${label}.example.com` })).rejects.toMatchObject({
      kind: "refused",
      detail: `"${label}.example.com" is no name of the DNS.`,
    });
  });
});

describe("The credential for dynamic updates", () => {
  it.each([
    [{ secret: "not base64!" }, "base64"],
    [{ algorithm: "hmac-md5" }, "algorithm"],
    [{ server: "https://ns1.example.com/" }, "host or host:port"],
  ])("is refused as %j before anything is asked", (wrong, words) => {
    expect(() => toServer("ns1.example.com", wrong)).toThrow(
      expect.objectContaining({ kind: "credential", detail: expect.stringContaining(words) }),
    );
  });

  it("may name the one zone that it is for, which is listed then", async () => {
    const connection = toServer("ns1.example.com", { zone: "Example.com." });
    expect(await connection.zones?.()).toEqual([ZONE]);
    expect(await connection.hasZone?.("www.example.com")).toBe(false);
  });
});
