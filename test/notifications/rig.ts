/** Notifications over a real D1, with a clock that is moved, and other ends that answer as they are told to. */
import type { AccountIdentity } from "../../src/accounts/identity";
import type { Mail, Mailer } from "../../src/mail/mailer";
import type { ChannelInput } from "../../src/notifications/channels";
import type { Notification } from "../../src/notifications/events";
import { createNotifications, type NotificationPorts } from "../../src/notifications/service";
import type { Database } from "../../src/storage/database";
import { accounts, type notificationChannels, notificationDeliveries } from "../../src/storage/schema";
import { createSealer } from "../../src/storage/sealing";
import { changeFields, maskFields, parseFields } from "../../src/stored-credentials/fields";

export const START = Date.parse("2026-03-04T07:00:00Z");
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const failed: Notification = {
  event: "certificate.failed",
  subject: "certificate www.example.com",
  title: "www.example.com could not be renewed",
  detail: "The CA did not find the TXT record.",
  facts: { domain: "www.example.com" },
};

export const renewed: Notification = {
  ...failed,
  event: "certificate.renewed",
  title: "www.example.com was renewed",
  detail: "It ends on 2026-06-02.",
};

export interface Posted {
  url: string;
  headers: Headers;
  body: string;
  at: number;
}

type Answer = (posted: Posted) => Response | Promise<Response>;

export function notificationsRig(local: { database: Database }, ports: Partial<NotificationPorts> = {}) {
  const clock = { now: START };
  const posted: Posted[] = [];
  const mails: Mail[] = [];
  const other: { answer: Answer } = { answer: () => new Response("ok") };
  const working = new Set<Promise<void>>();
  const mailer: Mailer = { send: async (mail) => void mails.push(mail) };
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const one = { url: request.url, headers: request.headers, body: await request.text(), at: clock.now };
    posted.push(one);
    return other.answer(one);
  };
  const all: NotificationPorts = {
    database: local.database,
    sealer: createSealer(`k1:${btoa("k".repeat(32))}`),
    mailer,
    fetch,
    credential: () => Promise.reject(new Error("there is none")),
    fields: { parse: parseFields, change: changeFields, mask: maskFields },
    checkUrl: (url) => url,
    publicUrl: "https://certedge.example",
    pepper: "pepper",
    background: (work) => {
      working.add(work);
      work.finally(() => working.delete(work));
    },
    now: () => clock.now,
    random: () => 0.5,
    ...ports,
  };
  const service = createNotifications(all);

  return {
    service,
    ports: all,
    clock,
    posted,
    mails,
    other,
    /** Once all that was begun in the background has ended. */
    async settled(): Promise<void> {
      while (working.size > 0) await Promise.all(working);
    },
    /** One tick of the cron, so much later. */
    async tickAfter(milliseconds: number): Promise<void> {
      clock.now += milliseconds;
      await service.tick();
    },
    deliveriesOf: async (ownerId: number) =>
      (await local.database.select().from(notificationDeliveries)).filter((row) => row.ownerId === ownerId),
  };
}

export type Rig = ReturnType<typeof notificationsRig>;

export async function newOwner(local: { database: Database }, { verified = true } = {}): Promise<AccountIdentity> {
  const username = `u${crypto.randomUUID().slice(0, 8)}`;
  const person = { username, email: `${username}@example.org`, role: "member", plan: "elite" } as const;
  const [row] = await local.database
    .insert(accounts)
    .values({ ...person, passwordHash: "", emailVerifiedAt: verified ? START : null, createdAt: START })
    .returning();
  return { ...person, id: row?.id ?? 0, emailVerified: verified };
}

type Kind = (typeof notificationChannels.$inferSelect)["kind"];

/** A channel of these settings, else as it usually is. */
export const newChannel = (
  { service }: Rig,
  owner: AccountIdentity,
  kind: Kind,
  settings: Record<string, unknown>,
  rest: Partial<ChannelInput> = {},
) =>
  service.create(owner, kind, {
    name: crypto.randomUUID(),
    settings,
    credentialId: null,
    events: null,
    instanceIds: null,
    digest: "none",
    digestTime: null,
    enabled: true,
    ...rest,
  });

export const aWebhook = { url: "https://hook.example/in" };
