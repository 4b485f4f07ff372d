import type { Packet } from "dns-packet";
import { describe, expect, it } from "vitest";
import { type Connect, queryOverTcp } from "../../src/dns/tcp";
import { connect } from "../support/connect";
import { closedPort, dnsServer, framed, tcpServer, txtServer } from "./tcp-servers";

const ask = (server: string, timeout = 2_000, through = connect) =>
  queryOverTcp(through, server, "_acme-challenge.example.org", "TXT", timeout);

describe("A question over TCP (RFC 7766)", () => {
  it("is answered with the values, their strings joined", async () => {
    const server = await dnsServer(({ questions = [] }) => ({
      answers: [{ name: questions[0]?.name ?? "", type: "TXT", ttl: 33, data: ["one ", "value"] }],
    }));
    expect(await ask(server)).toEqual({
      rcode: "NOERROR",
      answers: [{ name: "_acme-challenge.example.org", type: "TXT", ttl: 33, value: "one value" }],
    });
  });

  it("asks the server itself, without recursion", async () => {
    const queries: Packet[] = [];
    const server = await dnsServer((query) => {
      queries.push(query);
      return {};
    });
    await ask(server);
    expect(queries).toMatchObject([
      { flag_rd: false, questions: [{ name: "_acme-challenge.example.org", type: "TXT", class: "IN" }] },
    ]);
  });

  it("hears that the name does not exist", async () => {
    const server = await dnsServer(() => ({ flags: 3 }));
    expect(await ask(server)).toEqual({ rcode: "NXDOMAIN", answers: [] });
  });

  it("takes an answer that comes byte by byte", async () => {
    const whole = await new Promise<Buffer>((resolve) => {
      void txtServer("slow").then((address) => ask(address, 2_000, recording(resolve)));
    });
    const server = await tcpServer(async (socket, received) => {
      const answer = Buffer.from(whole);
      received.copy(answer, 2, 2, 4); // the id of this query
      for (const byte of answer) socket.write(Buffer.from([byte]));
    });
    expect((await ask(server)).answers).toMatchObject([{ value: "slow" }]);
  });

  it("takes an answer of 64 KiB", async () => {
    const values = Array.from({ length: 240 }, (_, index) => String(index).padStart(220, "x"));
    expect((await ask(await txtServer(...values))).answers).toHaveLength(240);
  });

  it("fails when the server does not answer in time, and not much later", async () => {
    const silent = await tcpServer(() => undefined);
    const started = performance.now();
    await expect(ask(silent, 100)).rejects.toThrow(`${silent} did not answer within 100 ms.`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it("fails in time when closing the connection takes for ever", async () => {
    const silent = await tcpServer(() => undefined);
    const stuck: Connect = (address) => ({ ...connect(address), close: () => new Promise(() => undefined) });
    await expect(ask(silent, 100, stuck)).rejects.toThrow("did not answer within 100 ms");
  });

  it("fails when nobody listens", async () => {
    const nobody = await closedPort();
    await expect(ask(nobody)).rejects.toThrow(`${nobody} cannot be reached over TCP.`);
  });

  it.each([
    ["ends before the answer does", (query: Buffer) => framed(query.subarray(2)).subarray(0, 9)],
    ["answers nothing", () => Buffer.alloc(0)],
    ["answers an empty message", () => framed(Buffer.alloc(0))],
    [
      "answers no DNS message",
      (query: Buffer) => framed(Buffer.concat([query.subarray(2, 4), Buffer.alloc(40, 0xff)])),
    ],
    ["answers with another id", (query: Buffer) => framed(query.subarray(2).fill(query.readUInt8(2) ^ 1, 0, 1))],
    ["sends the question back as it is", (query: Buffer) => framed(query.subarray(2))],
  ])("fails when the server %s", async (_, answerTo) => {
    const server = await tcpServer((socket, received) => socket.end(answerTo(received)));
    await expect(ask(server)).rejects.toThrow(expect.objectContaining({ name: "ResolveError" }));
  });

  it.each([
    ["ns1.example.org", "ns1.example.org", 53],
    ["ns1.example.org:5353", "ns1.example.org", 5353],
    ["192.0.2.1:5353", "192.0.2.1", 5353],
    ["[2001:db8::1]:5353", "2001:db8::1", 5353],
    ["[2001:db8::1]", "2001:db8::1", 53],
    ["2001:db8::1", "2001:db8::1", 53],
  ])("goes for %s to %s, port %i", async (server, hostname, port) => {
    const addresses: unknown[] = [];
    const through: Connect = (address) => {
      addresses.push(address);
      throw new Error("no network");
    };
    await expect(ask(server, 100, through)).rejects.toThrow("cannot be reached");
    expect(addresses).toEqual([{ hostname, port }]);
  });

  it.each(["", ":53", "ns1:port", "ns1.example.org:70000", "ns1.example.org:0"])(
    "does not start for the server %j",
    async (server) => {
      await expect(ask(server)).rejects.toThrow(`"${server}" is not a server`);
    },
  );
});

/** Hands out the first whole answer as it came. */
const recording =
  (done: (answer: Buffer) => void): Connect =>
  (address) => {
    const socket = connect(address);
    const [mine, theirs] = socket.readable.tee();
    void mine
      .getReader()
      .read()
      .then(({ value }) => value && done(Buffer.from(value)));
    return { ...socket, readable: theirs };
  };
