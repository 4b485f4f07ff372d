/** What each plan allows. The gates are CertaDNS's; the numbers are upper bounds for one account. */
import { Problem } from "../problems";
import type { Plan } from "./identity";

export interface PlanRules {
  title: string;
  apiAccess: boolean;
  certificates: number;
  automaticRenewal: boolean;
  wildcards: boolean;
  /** Zones of one's own, at a DNS provider or served by certedge. */
  ownZones: boolean;
  /** Notifications to webhooks and chats; e-mail is for all. */
  messengers: boolean;
  domains: number;
  dnsAccounts: number;
  storedCredentials: number;
  caAccounts: number;
  instances: number;
  /** Beside the one that everybody has. */
  notificationChannels: number;
  requestsPerMinute: number;
  /** Changes of addresses: of the account, and of each host. */
  updatesPerHour: number;
  hostUpdatesPerHour: number;
}

export const plans: Record<Plan, PlanRules> = {
  free: {
    title: "Free",
    apiAccess: false,
    certificates: 0,
    automaticRenewal: false,
    wildcards: false,
    ownZones: false,
    messengers: false,
    domains: 3,
    dnsAccounts: 0,
    storedCredentials: 0,
    caAccounts: 0,
    instances: 0,
    notificationChannels: 0,
    requestsPerMinute: 60,
    updatesPerHour: 60,
    hostUpdatesPerHour: 30,
  },
  plus: {
    title: "Plus",
    apiAccess: false,
    certificates: 10,
    automaticRenewal: false,
    wildcards: false,
    ownZones: true,
    messengers: true,
    domains: 25,
    dnsAccounts: 3,
    storedCredentials: 10,
    caAccounts: 3,
    instances: 3,
    notificationChannels: 5,
    requestsPerMinute: 120,
    updatesPerHour: 240,
    hostUpdatesPerHour: 60,
  },
  pro: {
    title: "Pro",
    apiAccess: true,
    certificates: 100,
    automaticRenewal: true,
    wildcards: false,
    ownZones: true,
    messengers: true,
    domains: 100,
    dnsAccounts: 20,
    storedCredentials: 100,
    caAccounts: 10,
    instances: 50,
    notificationChannels: 20,
    requestsPerMinute: 300,
    updatesPerHour: 1000,
    hostUpdatesPerHour: 120,
  },
  elite: {
    title: "Elite",
    apiAccess: true,
    certificates: 10_000,
    automaticRenewal: true,
    wildcards: true,
    ownZones: true,
    messengers: true,
    domains: 10_000,
    dnsAccounts: 1000,
    storedCredentials: 1000,
    caAccounts: 100,
    instances: 10_000,
    notificationChannels: 100,
    requestsPerMinute: 3000,
    updatesPerHour: 10_000,
    hostUpdatesPerHour: 3600,
  },
};

/** What a plan counts, in the words of a person. */
const counted = {
  certificates: "certificates",
  domains: "domains",
  dnsAccounts: "DNS accounts",
  storedCredentials: "stored credentials",
  caAccounts: "CA accounts",
  instances: "instances",
  notificationChannels: "notification channels",
} as const;

/** What a plan opens, in the words of a person. */
const opened = {
  automaticRenewal: "Automatic renewal is",
  wildcards: "Certificates for wildcards are",
  ownZones: "Zones of your own are",
  messengers: "Notifications to webhooks and chats are",
} as const;

export type Counted = keyof typeof counted;
export type Opened = keyof typeof opened;

const RAISE = "An administrator raises it with PATCH /api/admin/accounts/{id}.";

const order: Plan[] = ["free", "plus", "pro", "elite"];

/** The plans for which something holds, as a sentence takes them: "Plus, Pro and Elite". */
function plansWith(holds: (rules: PlanRules) => boolean): string {
  const titles = order.filter((plan) => holds(plans[plan])).map((plan) => plans[plan].title);
  return [titles.slice(0, -1).join(", "), ...titles.slice(-1)].filter(Boolean).join(" and ");
}

/** An operator may switch plans off: then every account has all. */
export const planInForce = (plan: Plan, plansOn: boolean): Plan => (plansOn ? plan : "elite");

/** Throws 403 in the seed's words when the plan has no API access. */
export function requireApiAccess({ plan }: { plan: Plan }): void {
  if (!plans[plan].apiAccess) throw new Problem(403, "API access requires Pro or Elite subscription");
}

/** The refusal of what the plan does not open; nothing where it does. */
export function closedBy({ plan }: { plan: Plan }, what: Opened): Problem | undefined {
  if (plans[plan][what]) return undefined;
  const names = plansWith((rules) => rules[what]);
  return new Problem(403, `${opened[what]} in the plans ${names}; yours is ${plans[plan].title}. ${RAISE}`);
}

/** Throws 403 when the plan does not open it. */
export function requireOpened(account: { plan: Plan }, what: Opened): void {
  const refusal = closedBy(account, what);
  if (refusal) throw refusal;
}

/** Throws 403 when the plan includes none at all. */
export function requireAny({ plan }: { plan: Plan }, what: Counted): void {
  if (plans[plan][what] === 0) throw planLimitReached({ plan }, what);
}

/** The refusal of one more than the plan allows. */
export function planLimitReached({ plan }: { plan: Plan }, what: Counted): Problem {
  const { title, [what]: limit } = plans[plan];
  const rule = limit === 0 ? `includes no ${counted[what]}` : `allows ${limit} ${counted[what]}, and you have them all`;
  return new Problem(403, `The ${title} plan ${rule}. ${RAISE}`, { extra: { limit } });
}
