/** Notifications: what happens is told where each account wants to hear of it. */
import { createTelling, type TellingPorts } from "./telling";

export type Notifications = ReturnType<typeof createNotifications>;

export function createNotifications(ports: TellingPorts) {
  const { tell } = createTelling(ports);
  return { tell };
}
