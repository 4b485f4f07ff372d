/** What owners are told of their CA accounts. */
import type { Notification } from "../notifications/events";
import type { CaAccountRow } from "./open-account";

type Named = Pick<CaAccountRow, "id" | "name" | "authority" | "instanceId">;

const factsOf = ({ id, authority, instanceId }: Named) => ({
  ca_account_id: id,
  authority,
  ...(instanceId ? { instance_id: instanceId } : {}),
});

export const recoveredNotice = (row: Named): Notification => ({
  event: "ca.recovered",
  subject: `CA account ${row.name}`,
  title: `${row.name} answers again`,
  detail: "Certificates that prefer it go back to it with their next orders. There is nothing to do.",
  facts: factsOf(row),
});
