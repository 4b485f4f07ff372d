import { describe, expect, it } from "vitest";
import { answerHosts, answerRequest, type HostOutcome, type RequestOutcome } from "../../src/ddns/answers";

const requestWords: [RequestOutcome, number, Record<string, string>][] = [
  // Some clients send no credential before they have seen the challenge (RFC 9110 §11.6.1).
  ["badauth", 401, { "www-authenticate": 'Basic realm="certedge"' }],
  ["notfqdn", 200, {}],
  ["numhost", 200, {}],
  ["badagent", 405, { allow: "GET, HEAD, POST" }],
  ["!donator", 200, {}],
  ["911", 503, { "retry-after": "300" }],
];

const good = (...addresses: string[]): HostOutcome => ({ word: "good", addresses });
const nochg = (...addresses: string[]): HostOutcome => ({ word: "nochg", addresses });

describe("The answer to an update", () => {
  it.each(requestWords)("is %s alone, with status %i, for the whole request", async (word, status, headers) => {
    const answer = answerRequest(word);
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
    ["a host of nobody or another", [{ word: "nohost" }], "nohost"],
    ["a name that is none", [{ word: "notfqdn" }], "notfqdn"],
    ["a DNS that fails", [{ word: "dnserr" }], "dnserr"],
    [
      "several hosts",
      [good("203.0.113.7"), { word: "nohost" }, nochg("203.0.113.7")],
      "good 203.0.113.7\nnohost\nnochg 203.0.113.7",
    ],
  ];

  it.each(lines)("is one line for each host, in their order: %s", async (_title, outcomes, body) => {
    const answer = answerHosts(outcomes);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await answer.text()).toBe(body);
  });

  it("has no word of success in it when it is none: inadyn looks for them anywhere", async () => {
    const failures = [...requestWords.map(([word]) => answerRequest(word)), answerHosts([{ word: "dnserr" }])];
    for (const failure of failures) expect(await failure.text()).not.toMatch(/ok|good|true|updated|nochg|success/i);
  });
});
