/** All DNS accounts of an owner as one document, in the shape that CertMate documents. */
import type { AccountIdentity } from "../accounts/identity";
import type { FieldProblem } from "../problems";
import { Problem } from "../problems";
import type { Fields } from "../stored-credentials/fields";
import { readDnsSettings, type SettingsAccount } from "./certmate-settings";
import type { DnsAccountRow, DnsAccounts } from "./service";

export interface DnsSettingsDocument {
  dns_provider: string | null;
  default_accounts: Record<string, string>;
  dns_providers: Record<string, Record<string, Fields>>;
}

/** What became of a settings document. */
export interface DnsSettingsReport {
  created: string[];
  changed: string[];
  left_out: FieldProblem[];
}

export type DnsSettingsService = ReturnType<typeof createDnsSettings>;

export function createDnsSettings({ dnsAccounts }: { dnsAccounts: DnsAccounts }) {
  async function take(owner: AccountIdentity, account: SettingsAccount): Promise<"created" | "changed"> {
    const { provider, accountId, name, description, credentials } = account;
    if (await dnsAccounts.search(owner.id, provider, accountId)) {
      const described = { ...(name ? { name } : {}), ...(description ? { description } : {}) };
      await dnsAccounts.change(owner.id, provider, accountId, { ...described, credentials });
      return "changed";
    }
    await dnsAccounts.create(owner, provider, {
      accountId,
      name: name ?? accountId,
      description: description ?? null,
      instanceId: null,
      credentialId: null,
      credentials,
      nameservers: [],
      allowedZones: null,
      allowedRecords: null,
      enabled: true,
      setAsDefault: false,
    });
    return "created";
  }

  return {
    /** Every secret masked; what comes back masked means: keep. */
    async read(ownerId: number): Promise<DnsSettingsDocument> {
      const [rows, dns_provider] = await Promise.all([dnsAccounts.list(ownerId), dnsAccounts.defaultProvider(ownerId)]);
      const document: DnsSettingsDocument = { dns_provider, default_accounts: {}, dns_providers: {} };
      const masked = await dnsAccounts.masked(rows);
      for (const [index, row] of rows.entries()) {
        const accounts = document.dns_providers[row.provider] ?? {};
        accounts[row.accountId] = shown(row, masked[index] ?? {});
        document.dns_providers[row.provider] = accounts;
        if (row.isDefault) document.default_accounts[row.provider] = row.accountId;
      }
      return document;
    },

    /**
     * Adds and changes what the document names; what it does not name stays. Each account is taken for itself: one that
     * does not fit is told, and keeps none of the others out. Throws Problem 422 when nothing of it could be taken.
     */
    async write(owner: AccountIdentity, document: unknown): Promise<DnsSettingsReport> {
      const { accounts, defaultAccounts, defaultProvider, leftOut } = readDnsSettings(document);
      const report: DnsSettingsReport = { created: [], changed: [], left_out: [...leftOut] };
      const attempt = async (pointer: string, work: () => Promise<void>) => {
        await work().catch((error) => {
          if (!(error instanceof Problem)) throw error;
          const fields = error.options.errors?.map(({ pointer: at, detail }) => `${at}: ${detail}`) ?? [];
          report.left_out.push({ pointer, detail: [error.detail, ...fields].join(" ") });
        });
      };
      for (const account of accounts) {
        await attempt(account.pointer, async () => {
          report[await take(owner, account)].push(`${account.provider}/${account.accountId}`);
        });
      }
      for (const { provider, accountId, pointer } of defaultAccounts) {
        await attempt(pointer, async () => {
          await dnsAccounts.setDefault(owner.id, provider, accountId);
        });
      }
      if (defaultProvider !== undefined) await dnsAccounts.setDefaultProvider(owner.id, defaultProvider);
      const isNothing = report.created.length + report.changed.length === 0 && defaultProvider === undefined;
      if (isNothing && report.left_out.length > 0) {
        throw new Problem(422, "Nothing of the settings could be taken over.", { errors: report.left_out });
      }
      return report;
    },
  };
}

const shown = ({ name, description }: DnsAccountRow, credentials: Fields): Fields => ({
  name,
  ...(description ? { description } : {}),
  ...credentials,
});
