/** The settings of a channel: sealed at rest, joined with the stored credential that it may use. */
import { Problem } from "../problems";
import type { Sealer } from "../storage/sealing";
import type { ChannelKind, Settings } from "./channel-kind";
import { channelKinds } from "./channel-kinds";
import type { ChannelRow } from "./telling";

/** How fields are checked, changed and shown: as those of any credential. */
export interface FieldRules {
  parse(set: ChannelKind, given: Settings, pointer: string): Settings;
  change(set: ChannelKind, stored: Settings, given: Settings, pointer: string): Settings;
  mask(set: ChannelKind, stored: Settings): Settings;
}

export interface ChannelSettingsPorts {
  sealer: Sealer;
  fields: FieldRules;
  /** A stored credential of the account. Throws a Problem where it may not be used. */
  credential: (
    ownerId: number,
    credentialId: string,
  ) => Promise<{ row: { name: string }; kind: { id: string }; fields: Settings }>;
}

type Place = Pick<ChannelRow, "id" | "ownerId">;

export type ChannelSettings = ReturnType<typeof createChannelSettings>;

export function createChannelSettings({ sealer, credential, fields: rules }: ChannelSettingsPorts) {
  const placeOf = ({ id, ownerId }: Place) => `notification_channels/${id}/sealed_settings/${ownerId}`;

  const open = async (row: ChannelRow): Promise<Settings> =>
    JSON.parse(await sealer.open(row.sealedSettings, placeOf(row)));

  /** What the credential stands for. Throws 422 where a channel of the kind has no use for it. */
  async function lent(kind: ChannelKind, ownerId: number, credentialId: string | null): Promise<Settings> {
    if (credentialId === null) return {};
    const { row, kind: lender, fields } = await credential(ownerId, credentialId);
    const uses = kind.credentialKinds[lender.id];
    if (uses) return Object.fromEntries(Object.entries(uses).map(([from, to]) => [to, fields[from]]));
    const taken = Object.keys(kind.credentialKinds);
    const rule = taken.length > 0 ? `takes ${taken.join(" or ")}` : "takes none";
    const detail = `The stored credential ${row.name} is of the kind ${lender.id}; ${kind.title} ${rule}.`;
    throw new Problem(422, detail, { errors: [{ pointer: "/credential_id", detail }] });
  }

  return {
    open,
    lent,
    parse: (kind: ChannelKind, given: Settings) => rules.parse(kind, given, "/settings"),
    /** Those that are not given stay, and so do masked secrets. */
    change: (kind: ChannelKind, stored: Settings, given: Settings) => rules.change(kind, stored, given, "/settings"),

    seal: (place: Place, settings: Settings): Promise<string> => sealer.seal(JSON.stringify(settings), placeOf(place)),

    /** Everything that a message needs. */
    async complete(row: ChannelRow): Promise<Settings> {
      const [own, borrowed] = await Promise.all([
        open(row),
        lent(channelKinds[row.kind], row.ownerId, row.credentialId),
      ]);
      return { ...own, ...borrowed };
    },

    masked: async (row: ChannelRow): Promise<Settings> => rules.mask(channelKinds[row.kind], await open(row)),
  };
}
