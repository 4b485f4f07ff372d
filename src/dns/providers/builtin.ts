/** The zones that certedge serves itself: records in D1, answered over DNS-over-HTTPS and PowerDNS. */
import { z } from "zod";
import { defineProvider, recordTypes } from "../provider";

export const builtin = defineProvider({
  id: "builtin",
  title: "certedge",
  credentials: z.strictObject({}),
  needs: "nothing",
  minimumTtl: 1,
  writes: "one record per value",
  recordTypes,
  connect: (_credentials, _http, { builtinRecords }) => builtinRecords,
});
