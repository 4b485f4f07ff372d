/** By hand: nothing is written. An order shows which values to set, and waits for a person to set them. */
import { z } from "zod";
import { defineProvider } from "../provider";
import { zoneList, zonesIn } from "../zone-list";

const HOUR = 3_600_000;

export const manual = defineProvider({
  id: "manual",
  title: "By hand",
  credentials: z.strictObject({ zones: zoneList("example.com, example.org: those that you change by hand") }),
  needs: "you",
  minimumTtl: 1,
  writes: "one record per value",
  byHand: { patience: 24 * HOUR },

  connect: ({ zones }, http) => ({
    zones: async () => zonesIn(zones),
    add: async () => undefined,
    remove: async () => undefined,
    async replace() {
      throw http.error("refused", "Nobody follows a router by hand: choose another DNS account for host names.");
    },
  }),
});
