/** What messages to several services have in common. */
import type { Severity } from "../events";

export const JSON_HEADERS = { "content-type": "application/json" };

/** In front of a title, where there is no colour. */
export const signs: Record<Severity, string> = { problem: "🔴", warning: "🟠", news: "🟢" };

/** For places that take a colour, 0xRRGGBB. */
export const colours: Record<Severity, number> = { problem: 0xd9_2d_20, warning: 0xf7_90_09, news: 0x12_b7_6a };
