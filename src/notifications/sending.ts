/** Sends one dispatch to one channel, once, and says what came of it. Never throws. */
import type { Mail, Mailer } from "../mail/mailer";
import { Problem } from "../problems";
import type { ChannelKind, MailTarget, Settings } from "./channel-kind";
import { cut, type Dispatch, type HttpAnswer, type HttpMessage, type Outcome } from "./dispatch";

export interface SendingPorts {
  fetch: typeof fetch;
  mailer: Mailer;
  /** Throws a Problem for a URL that may not be called. */
  checkUrl: (url: string) => string;
  now: () => number;
}

/** Where to: what the kind needs. `to` is the address of an e-mail channel, where there is one that may be written to. */
export interface Target {
  kind: ChannelKind;
  settings: Settings;
  to: MailTarget | undefined;
}

const TIMEOUT = 15_000;
/** Of an answer; what is more says nothing that the beginning does not. */
const MOST_READ = 2048;
const MOST_KEPT = 300;
/** A part of a secret URL that is shorter is a word, as "services". */
const SECRET_PART = 9;

export async function send(ports: SendingPorts, { kind, settings, to }: Target, dispatch: Dispatch): Promise<Outcome> {
  if ("write" in kind) return sendMail(ports.mailer, to && kind.write(dispatch, to));
  try {
    const message = await kind.shape(dispatch, settings);
    const answer = await post(ports, message);
    if (typeof answer === "string") return { kind: "again", answer };
    const outcome = kind.judge(answer, ports.now());
    return { ...outcome, answer: tellable(outcome.answer, secretsOf(kind, settings)) };
  } catch (error) {
    if (error instanceof Problem) return { kind: "refused", answer: error.detail };
    return { kind: "refused", answer: "The settings of the channel do not fit. Save them again." };
  }
}

async function sendMail(mailer: Mailer, mail: Mail | undefined): Promise<Outcome> {
  if (!mail) return { kind: "refused", answer: "The address is not confirmed: nothing is sent to it." };
  if (mailer.off) return { kind: "refused", answer: mailer.off.detail };
  try {
    await mailer.send(mail);
    return { kind: "delivered", answer: "The mail was taken for delivery." };
  } catch (error) {
    return { kind: "again", answer: error instanceof Problem ? error.detail : "The mail could not be sent." };
  }
}

/** The answer, or why there is none. */
async function post(ports: SendingPorts, { url, headers, body }: HttpMessage): Promise<HttpAnswer | string> {
  const target = ports.checkUrl(url);
  const answer = await ports
    .fetch(target, {
      method: "POST",
      // What is sent is for this host alone.
      redirect: "manual",
      headers: { "user-agent": "certedge/0.1", accept: "*/*", ...headers },
      body,
      signal: AbortSignal.timeout(TIMEOUT),
    })
    .catch((error: Error) => error);
  if (answer instanceof Error) return isTimeout(answer) ? LATE : "It could not be reached.";
  const text = await beginning(answer).catch(() => "");
  if (answer.status >= 300 && answer.status < 400)
    return `${answer.status}: it sends elsewhere, which is not followed.`;
  return { status: answer.status, headers: answer.headers, text };
}

const LATE = `No answer within ${TIMEOUT / 1000} seconds.`;
const isTimeout = ({ name }: Error) => name === "TimeoutError" || name === "AbortError";

async function beginning({ body }: Response): Promise<string> {
  if (!body) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < MOST_READ) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text.slice(0, MOST_READ);
}

/** The secrets, and of those that are a URL the parts that make it one. */
const secretsOf = (kind: ChannelKind, settings: Settings): string[] =>
  kind.credentialFields().flatMap(({ name, secret }) => {
    const value = secret ? String(settings[name] ?? "") : "";
    const parts = URL.canParse(value) ? value.split(/[/?&=]/).slice(3) : [];
    return [value, ...parts.filter((part) => part.length >= SECRET_PART)].filter((part) => part !== "");
  });

/** Whoever answers may say back what it was sent. */
function tellable(answer: string, secrets: string[]): string {
  const clean = secrets.reduce((text, secret) => text.replaceAll(secret, "***"), answer);
  return cut(clean, MOST_KEPT);
}
