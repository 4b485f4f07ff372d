/** An SMTP server is tried out by signing in, over TLS alone (RFC 5321, 8314, 3207, 4954). No mail is sent. */
import { ResolveError } from "../../dns/resolver";
import type { Socket } from "../../dns/tcp";
import { type Trial, TrialFailure, text } from "./trial";

export interface SecureSocket extends Socket {
  /** Once, where the connection began in the clear. */
  startTls(): SecureSocket;
}

export type ConnectSecurely = (
  address: { hostname: string; port: number },
  security: "tls" | "starttls",
) => SecureSocket;

interface Reply {
  code: number;
  lines: string[];
}

const TIMEOUT = 15_000;
const MOST_BYTES = 65_536;
/** RFC 5321 §4.1.3: what has no name says its address; a Worker has none of its own either. */
const OURSELVES = "[127.0.0.1]";

export const smtpTrial: Trial = async (fields, { connectSecurely }) => {
  const server = `${text(fields, "host")}:${text(fields, "port")}`;
  const security = text(fields, "security") === "starttls" ? "starttls" : "tls";
  const address = { hostname: text(fields, "host"), port: Number(text(fields, "port")) };
  const sockets: SecureSocket[] = [];
  const signIn = async () => {
    sockets.push(connectSecurely(address, security));
    return converse(sockets, security, text(fields, "username"), text(fields, "password"));
  };
  try {
    await within(signIn(), `${server} did not answer within ${TIMEOUT / 1000} s.`);
  } catch (error) {
    if (error instanceof TrialFailure) throw error;
    // What a socket says of its failure is for programmers; that a host may not be reached is for people.
    throw new TrialFailure(error instanceof ResolveError ? error.message : `${server} cannot be reached over TLS.`);
  } finally {
    // Not waited for: a connection that never opened may never close.
    for (const socket of sockets) {
      for (const told of [socket.opened, socket.closed, socket.close()]) told.catch(() => undefined);
    }
  }
  return { detail: `${server} took the user and the password.`, repeats: true };
};

async function within(work: Promise<void>, late: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TrialFailure(late)), TIMEOUT);
  });
  try {
    await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

async function converse(sockets: SecureSocket[], security: "tls" | "starttls", username: string, password: string) {
  let talk = talkOver(sockets[0] as SecureSocket);
  requireCode(await talk.reply(), 220, "It does not greet as a mail server does");
  let offers = await talk.say(`EHLO ${OURSELVES}`);
  if (security === "starttls") {
    requireCode(await talk.say("STARTTLS"), 220, "It offers no STARTTLS");
    // What came before TLS is nobody's word (RFC 3207 §4.2).
    const secured = talk.release().startTls();
    sockets.push(secured);
    talk = talkOver(secured);
    offers = await talk.say(`EHLO ${OURSELVES}`);
  }
  requireCode(offers, 250, "It does not take EHLO");
  requireCode(await signIn(talk, mechanismsIn(offers), username, password), 235, "It refused the user or the password");
  await talk.say("QUIT");
}

async function signIn(talk: Talk, mechanisms: string[], username: string, password: string): Promise<Reply> {
  if (mechanisms.includes("PLAIN")) return talk.say(`AUTH PLAIN ${base64(`\0${username}\0${password}`)}`);
  if (!mechanisms.includes("LOGIN")) throw new TrialFailure("It offers neither AUTH PLAIN nor AUTH LOGIN.");
  requireCode(await talk.say("AUTH LOGIN"), 334, "It does not take AUTH LOGIN");
  requireCode(await talk.say(base64(username)), 334, "It refused the user");
  return talk.say(base64(password));
}

const mechanismsIn = ({ lines }: Reply): string[] =>
  lines.flatMap((line) => (/^AUTH[ =]/i.test(line) ? line.slice(5).toUpperCase().split(/\s+/) : []));

/** Of a reply its codes alone are told (RFC 3463): its words may have what was sent. */
function requireCode({ code, lines }: Reply, wanted: number, otherwise: string): void {
  if (code === wanted) return;
  const enhanced = /^[245]\.\d{1,3}\.\d{1,3}(?= |$)/.exec(lines[0] ?? "")?.[0];
  throw new TrialFailure(`${otherwise}: ${[code, enhanced].filter(Boolean).join(" ")}.`);
}

interface Talk {
  reply(): Promise<Reply>;
  say(line: string): Promise<Reply>;
  /** Gives the socket back. */
  release(): SecureSocket;
}

function talkOver(socket: SecureSocket): Talk {
  for (const told of [socket.opened, socket.closed]) told.catch(() => undefined); // by the read or the write
  const writer = socket.writable.getWriter();
  const reader = socket.readable.getReader();
  let received = "";
  let bytes = 0;
  const decoder = new TextDecoder();

  async function line(): Promise<string> {
    for (let end = received.indexOf("\n"); ; end = received.indexOf("\n")) {
      if (end >= 0) {
        const whole = received.slice(0, end).replace(/\r$/, "");
        received = received.slice(end + 1);
        return whole;
      }
      const { done, value } = await reader.read();
      bytes += value?.length ?? 0;
      if (done || bytes > MOST_BYTES) throw new TrialFailure("It ended the connection, or talks without an end.");
      received += decoder.decode(value, { stream: true });
    }
  }

  async function reply(): Promise<Reply> {
    const lines: string[] = [];
    for (;;) {
      const { code, more, words } = /^(?<code>\d{3})(?<more>[ -]?)(?<words>.*)$/.exec(await line())?.groups ?? {};
      if (code === undefined) throw new TrialFailure("It is no mail server.");
      lines.push(words ?? "");
      if (more !== "-") return { code: Number(code), lines };
    }
  }

  return {
    reply,
    async say(command) {
      await writer.write(new TextEncoder().encode(`${command}\r\n`));
      return reply();
    },
    release() {
      writer.releaseLock();
      reader.releaseLock();
      return socket;
    },
  };
}

const base64 = (given: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(given)));
