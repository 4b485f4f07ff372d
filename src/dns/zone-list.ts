/** The zones of an account, where nobody but the person can tell them. */
import { normaliseName } from "./names";
import { shaped } from "./provider";

const NAME = String.raw`[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\.?`;

export const zoneList = (help: string) =>
  shaped(
    "Zones",
    help,
    new RegExp(`^${NAME}(\\s*,\\s*${NAME})*$`, "i"),
    "Give the names of zones, with commas between.",
  );

export const zonesIn = (list: string): string[] => list.split(",").map((name) => normaliseName(name.trim()));
