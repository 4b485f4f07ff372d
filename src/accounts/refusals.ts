/** Refused access, into the log of the account whose credential it was. */
import type { Audit } from "../audit/service";
import type { Problem } from "../problems";
import type { Access, Origin } from "./identity";
import { createRecently } from "./recently";

export type Refused = Pick<Access, "via" | "credentialId"> & { account: { id: number; username: string } };

export type Refusals = ReturnType<typeof createRefusals>;

export function createRefusals({ audit, now }: { audit: Audit; now: () => number }) {
  /** A script that is refused asks on: once in a while says as much as each time. */
  const noted = createRecently({ lifetime: 600_000, now });

  return {
    /** `subject` is what was asked for: "POST /api/domains". */
    async note({ account, via, credentialId }: Refused, origin: Origin, subject: string, problem: Problem) {
      const { status, detail } = problem;
      if (!noted.isFirst(`${credentialId} ${detail}`)) return;
      await audit.record({
        ownerId: account.id,
        actor: { account_id: account.id, username: account.username, via, credential_id: credentialId },
        ...origin,
        action: "access.refused",
        subject,
        after: { status, detail },
      });
    },
  };
}
