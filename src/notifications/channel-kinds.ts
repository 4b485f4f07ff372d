/** The kinds of channels that there are. */
import type { ChannelKind as ChannelKindId } from "../storage/tables/notifications";
import type { ChannelKind } from "./channel-kind";
import { discord } from "./channels/discord";
import { email } from "./channels/email";
import { ntfy } from "./channels/ntfy";
import { slack } from "./channels/slack";
import { teams } from "./channels/teams";
import { telegram } from "./channels/telegram";
import { webhook } from "./channels/webhook";

export const channelKinds: Record<ChannelKindId, ChannelKind> = {
  email,
  webhook,
  slack,
  teams,
  discord,
  telegram,
  ntfy,
};
