/** Which names are time zones. When their clocks change is held by test/instances/maintenance.test.ts. */
import { expect, it } from "vitest";
import { isTimeZone } from "../../src/settings/time-zones";

it.each([
  ["Europe/Berlin", true],
  ["UTC", true],
  ["Asia/Kathmandu", true],
  ["Berlin", false],
  ["Europe/Atlantis", false],
  ["+02:00", false],
  ["", false],
])("%j is a time zone: %s", (name, is) => {
  expect(isTimeZone(name)).toBe(is);
});
