/** Stored credentials over a real D1, with a clock that stands until it is moved, and what is told written down. */
import type { Notification } from "../../src/notifications/events";
import { accounts } from "../../src/storage/schema";
import { createSealer } from "../../src/storage/sealing";
import { createReminders } from "../../src/stored-credentials/reminders";
import { createStoredCredentials, type NewCredential } from "../../src/stored-credentials/service";
import { createCredentialTrials } from "../../src/stored-credentials/trials";
import type { TrialPorts } from "../../src/stored-credentials/trials/trial";
import { scriptedApi } from "../support/scripted-api";
import { localDatabase } from "../zones/local-database";

export const DAY = 86_400_000;
export const OWNER = { id: 1, username: "ada", email: "ada@example.com", role: "member", plan: "elite" } as const;

export async function startCredentialStore() {
  const local = await localDatabase();
  await local.database.insert(accounts).values({ ...OWNER, emailVerifiedAt: 1, passwordHash: "", createdAt: 0 });
  const clock = { now: Date.UTC(2026, 5, 1) };
  const sealer = createSealer(`k1:${Buffer.alloc(32, 1).toString("base64")}`);
  const ports = { database: local.database, sealer, now: () => clock.now };
  const storedCredentials = createStoredCredentials(ports);
  const told: Notification[] = [];
  const tell = async (_ownerId: number, notification: Notification) => {
    told.push(notification);
  };
  let count = 0;
  const noSockets = () => {
    throw new Error("not asked for");
  };

  return {
    local,
    clock,
    told,
    storedCredentials,
    reminders: createReminders({ ...ports, tell }),

    /** Trials whose requests `answer` answers. */
    trials(answer: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 500 })) {
      const providers = {
        http: scriptedApi(answer).http,
        connect: noSockets,
        builtinRecords: {} as TrialPorts["providers"]["builtinRecords"],
      };
      return createCredentialTrials({ ...ports, storedCredentials, tell, providers, connectSecurely: noSockets });
    },

    store(kind: string, fields: NewCredential["fields"], more: Partial<NewCredential> = {}) {
      const settings = { description: null, instanceId: null, mayBeUnlocked: false };
      return storedCredentials.create(OWNER, { name: `c${count++}`, kind, fields, ...settings, ...more }, "ada");
    },

    find: (id: string) => storedCredentials.find(OWNER.id, id),
  };
}

export type CredentialStore = Awaited<ReturnType<typeof startCredentialStore>>;
