/** E-mail addresses that are not the account's own: nothing is sent to one before whoever reads it has agreed. */
import { timingSafeEqual } from "node:crypto";
import { and, eq, isNull } from "drizzle-orm";
import { keyedHash } from "../accounts/api-key";
import { type EmailTokens, unknownLink } from "../accounts/email-tokens";
import { type AccountIdentity, requireVerifiedEmail } from "../accounts/identity";
import type { Letters } from "../accounts/letters";
import type { Mailer } from "../mail/mailer";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, notificationChannels } from "../storage/schema";
import type { ChannelSettings } from "./channel-settings";

export interface RecipientPorts {
  database: Database;
  settings: Pick<ChannelSettings, "open">;
  tokens: EmailTokens;
  mailer: Mailer;
  letters: Letters;
  /** Where the links in mails lead. */
  publicUrl: string;
  pepper: string;
  now: () => number;
}

export type Recipients = ReturnType<typeof createRecipients>;

export function createRecipients(ports: RecipientPorts) {
  const { database, settings, tokens, mailer, letters, now } = ports;

  /** What a link proves that came in a mail of this channel to this address. */
  const proofOf = (channelId: string, address: string) =>
    keyedHash(`no more mail of ${channelId} to ${address}`, ports.pepper);

  return {
    /** Throws what keeps the account from asking anybody: no mail here, an address of its own that is not verified, too many mails. */
    async requireMayAsk(account: AccountIdentity, address: string): Promise<void> {
      if (mailer.off) throw mailer.off;
      requireVerifiedEmail(account, "Notifications to another address");
      await tokens.requireRoom(account.id, "confirm_recipient");
      if (await tokens.isFlooded(address)) {
        throw new Problem(429, `${address} was asked often enough within the hour.`, {
          headers: { "retry-after": "3600" },
        });
      }
    },

    async ask({ id, username }: AccountIdentity, address: string): Promise<void> {
      const { token } = await tokens.issue("confirm_recipient", { accountId: id, email: address });
      await mailer.send(letters.confirmRecipient(address, username, token));
    },

    /** Takes a link's token: every channel of the account that names the address may write to it. Throws 403 for one that is no good. */
    async agree(token: string): Promise<{ address: string; account: string }> {
      const taken = await tokens.take(token, ["confirm_recipient"]);
      if (!taken || taken.accountId === null) throw unknownLink();
      const { accountId, email } = taken;
      const [account] = await database.select().from(accounts).where(eq(accounts.id, accountId));
      if (!account) throw unknownLink();
      const asking = await database
        .select()
        .from(notificationChannels)
        .where(
          and(
            eq(notificationChannels.ownerId, accountId),
            eq(notificationChannels.kind, "email"),
            isNull(notificationChannels.agreedAt),
          ),
        );
      for (const channel of asking) {
        const { to } = await settings.open(channel);
        // It may have been changed to another address since it was opened: then it is asked for anew.
        const same = and(
          eq(notificationChannels.id, channel.id),
          eq(notificationChannels.sealedSettings, channel.sealedSettings),
        );
        if (to === email) await database.update(notificationChannels).set({ agreedAt: now() }).where(same);
      }
      return { address: email, account: account.username };
    },

    /** By which whoever reads an address that is not the account's own takes their word back. */
    async stopLink(channelId: string, address: string): Promise<string> {
      const origin = URL.canParse(ports.publicUrl) ? new URL(ports.publicUrl).origin : "";
      return `${origin}/no-more-mail?channel=${channelId}&proof=${await proofOf(channelId, address)}`;
    },

    /** Nothing is sent to the channel's address any more, until it agrees anew. Throws 403 for a link that is no good. */
    async stop(channelId: string, proof: string): Promise<string> {
      const [channel] = await database
        .select()
        .from(notificationChannels)
        .where(and(eq(notificationChannels.id, channelId), eq(notificationChannels.kind, "email")));
      const { to } = channel ? await settings.open(channel) : {};
      if (!channel || typeof to !== "string" || !isSame(proof, await proofOf(channelId, to))) throw unknownLink();
      await database.update(notificationChannels).set({ agreedAt: null }).where(eq(notificationChannels.id, channelId));
      return to;
    },
  };
}

function isSame(given: string, right: string): boolean {
  const [one, other] = [given, right].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array];
  return one.length === other.length && timingSafeEqual(one, other);
}
