import { describe, expect, it } from "vitest";
import { answerInWords, type HostOutcome, type RequestWord } from "../../src/ddns/answers";
import { dialects } from "../../src/ddns/dialects";

const METHODS = ["GET", "HEAD", "POST"];

const requestWords: [RequestWord, number, Record<string, string>][] = [
  // Some clients send no credential before they have seen the challenge (RFC 9110 §11.6.1).
  ["badauth", 401, { "www-authenticate": 'Basic realm="certedge"' }],
  ["notfqdn", 200, {}],
  ["numhost", 200, {}],
  ["badagent", 405, { allow: "GET, HEAD, POST" }],
  ["!donator", 200, {}],
  ["911", 503, { "retry-after": "300" }],
];

const host = "home.certedge.test";
const good = (...addresses: string[]): HostOutcome => ({ host, word: "good", addresses, now: {} });
const nochg = (...addresses: string[]): HostOutcome => ({ host, word: "nochg", addresses, now: {} });

const failures: HostOutcome[] = [
  { host, word: "nohost" },
  { host, word: "notfqdn" },
  { host, word: "dnserr" },
  { host, word: "abuse" },
  { host, word: "conflict", family: "A" },
];

describe("The answer to an update", () => {
  it.each(requestWords)("is %s alone, with status %i, for the whole request", async (word, status, headers) => {
    const answer = answerInWords({ word }, null, METHODS);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toBe(word);
    expect(Object.fromEntries(answer.headers)).toEqual({
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      ...headers,
    });
  });

  const lines: [string, HostOutcome[], string][] = [
    ["a change", [good("203.0.113.7")], "good 203.0.113.7"],
    ["no change", [nochg("203.0.113.7")], "nochg 203.0.113.7"],
    ["both families", [good("203.0.113.7", "2001:db8::7")], "good 203.0.113.7,2001:db8::7"],
    ["a host without an address", [good()], "good"],
    ["each failure", failures, "nohost\nnotfqdn\ndnserr\nabuse\nconflict A"],
    [
      "several hosts",
      [good("203.0.113.7"), { host, word: "nohost" }, nochg("203.0.113.7")],
      "good 203.0.113.7\nnohost\nnochg 203.0.113.7",
    ],
  ];

  it.each(lines)("is one line for each host, in their order: %s", async (_title, hosts, body) => {
    const answer = answerInWords({ hosts }, "ddclient/3.10.0", METHODS);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await answer.text()).toBe(body);
  });

  const statuses: [string, string, HostOutcome, number][] = [
    ["takes every 2xx for a success", "OPNsense-dyndns", { host, word: "nohost" }, 404],
    ["takes every 2xx for a success", "OPNsense-dyndns", { host, word: "dnserr" }, 502],
    ["looks at the status alone", "curl/7.88.1", { host, word: "abuse" }, 403],
    ["looks at the status alone", "Wget/1.21.3", { host, word: "notfqdn" }, 400],
    ["would end for good", "inadyn/2.10.0 https://github.com/troglobit/inadyn/issues", { host, word: "dnserr" }, 503],
    ["would end for good", "inadyn/2.10.0 https://github.com/troglobit/inadyn/issues", { host, word: "abuse" }, 503],
    ["passes over all but 200", "ddclient/3.10.0", { host, word: "dnserr" }, 200],
    ["passes over all but 200", "ddclient/4.0.0", { host, word: "abuse" }, 200],
    ["has no name", "", { host, word: "dnserr" }, 200],
  ];

  it.each(statuses)("has the status that a client needs that %s: %s, %j", async (_what, client, outcome, status) => {
    const answer = answerInWords({ hosts: [good("203.0.113.7"), outcome] }, client, METHODS);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toBe(`good 203.0.113.7\n${outcome.word}`);
    expect(answerInWords({ hosts: [nochg("203.0.113.7")] }, client, METHODS).status).toBe(200);
  });

  it("is never 429: some clients end at it for good", () => {
    const url = new URL("https://certedge.test/update");
    for (const { answer } of dialects) {
      for (const client of ["", "curl/8", "inadyn/2.10.0", "OPNsense-dyndns"]) {
        const request = { method: "GET", url, headers: new Headers({ "user-agent": client }) };
        for (const hosts of failures) expect(answer({ hosts: [hosts] }, request).status).not.toBe(429);
        for (const [word] of requestWords) expect(answer({ word }, request).status).not.toBe(429);
      }
    }
  });

  it.each(dialects.map(({ id, answer }) => [id, answer] as const))(
    "in %s has no word of success in it when it is none: inadyn looks for them anywhere",
    async (_id, answer) => {
      const request = {
        method: "GET",
        url: new URL("https://certedge.test/update?verbose=true"),
        headers: new Headers(),
      };
      const answers = [
        ...requestWords.map(([word]) => answer({ word }, request)),
        ...failures.map((hosts) => answer({ hosts: [{ ...hosts, host: "a.b" }] }, request)),
      ];
      for (const one of answers) expect(await one.text()).not.toMatch(/ok|good|true|updated|nochg|success/i);
    },
  );
});
