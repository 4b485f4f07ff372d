/** Which version of a certificate an instance is to have now: the newest one, or the installed one until a window opens. */
import type { MaintenanceWindow } from "../storage/tables/instances";
import { isInside, latestFor, nextOpening } from "./maintenance";

export interface Version {
  id: string;
  fingerprint: string;
  notAfter: number;
  revokedAt: number | null;
}

export interface Deliverable {
  newest: Version & { createdAt: number };
  /** The version that the instance says it has; nothing where it has none, or one that is not ours. */
  installed: Version | undefined;
  /** The newest one is there because the one before it was revoked, or is not trusted any more. */
  isUrgent: boolean;
}

/** The times of an instance's windows at one instant. */
export interface Opportunity {
  isOpen: boolean;
  /** When it is open next; nothing where that is not to be seen. */
  next: number | undefined;
}

export function opportunityAt(windows: MaintenanceWindow[], now: number): Opportunity {
  const isOpen = isInside(windows, now);
  return { isOpen, next: isOpen ? now : nextOpening(windows, now) };
}

/** Until when the newest version is held back; nothing where it is given now. */
export function heldUntil(
  { newest, installed, isUrgent }: Deliverable,
  { isOpen, next }: Opportunity,
): number | undefined {
  // What is not there yet disturbs nobody.
  if (isOpen || next === undefined || installed === undefined || installed.id === newest.id) return undefined;
  if (isUrgent || installed.revokedAt !== null) return undefined;
  return next <= latestFor(newest.createdAt, installed.notAfter) ? next : undefined;
}
