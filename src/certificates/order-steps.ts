/** The steps of an order, one for each working state. A step may be cut off anywhere and is then taken again from its start. */
import { challengeNames } from "../acme/challenges";
import type { CaAccount } from "../ca-accounts/account-object";
import { valueIn } from "../ca-accounts/failure";
import type { CaAccounts } from "../ca-accounts/service";
import type { CertificateFacts } from "../pki/certificate";
import { createCertificateRequest } from "../pki/certificate-request";
import { checkChain } from "../pki/chain";
import { type Identifier, parseIdentifier } from "../pki/identifiers";
import { generatePrivateKey, type KeyType, readPrivateKey } from "../pki/keys";
import type { Sealer } from "../storage/sealing";
import type { ChallengeZones } from "../zones/challenges";
import type { ZoneLocation } from "../zones/location";
import type { Zones } from "../zones/service";
import { handwork, patienceOf } from "./by-hand";
import { byZone, placesOf, zonesOf } from "./challenge-places";
import { OrderFailure } from "./order-failure";
import type { OrderRecords } from "./order-records";
import {
  CA_DEADLINE,
  type LeafFacts,
  type Order,
  type OrderChallenge,
  type OrderInput,
  type OrderProgress,
  type OrderState,
  typeOf,
  type WorkingState,
} from "./order-state";
import { notOffered, validationFailure, whyInvalid } from "./order-validation";
import { privateKeyPlace } from "./private-key-place";
import { locateMissing, oneRecordEach, standingOwner, standingRecords } from "./standing-records";

export interface StepPorts {
  caAccounts: CaAccounts;
  zones: Zones;
  challengeZones: ChallengeZones;
  records: OrderRecords;
  sealer: Sealer;
  now: () => number;
  /** Keeps progress before a side effect, so that a crash finds it. */
  note(progress: OrderProgress): void;
  /** Keeps where records stand that outlive the order. */
  noteStanding(location: ZoneLocation): void;
}

export type StepResult =
  | { next: OrderState; progress?: OrderProgress; detail?: Record<string, unknown> }
  | { waitUntil: number; detail?: Record<string, unknown> };

type Step = (order: Order, ports: StepPorts) => Promise<StepResult>;

const MINUTE = 60_000;
const CHALLENGE_TTL = 60;
/** How long values may take to be visible. */
const VISIBILITY_DEADLINE = 5 * MINUTE;
const POLL_FIRST = 15;
const POLL_LAST = 8_000;
/** While a person sets the values. */
const POLL_HANDS = 30_000;

export const steps: Record<WorkingState, Step> = {
  async registering({ input }, ports) {
    const { accountUrl } = valueIn(await account(input.caAccountId, ports).register());
    return { next: "ordering", progress: { accountUrl }, detail: { account_url: accountUrl } };
  },

  async ordering({ input, progress, createdAt }, ports) {
    const opened = ports.records.open(input, createdAt);
    opened.catch(() => undefined); // told once the CA has answered
    const ca = account(input.caAccountId, ports);
    const identifiers = input.names.map(parseIdentifier);
    const left = progress.newOrderSent ? valueIn(await ca.findOrder(identifiers)) : undefined;
    ports.note({ newOrderSent: true });
    const replaces = input.replaces?.caAccountId === input.caAccountId ? input.replaces.renewalIdentifier : undefined;
    const order =
      left ??
      valueIn(
        await ca.newOrder({
          identifiers,
          ...(replaces ? { replaces } : {}),
          ...(input.profile ? { profile: input.profile } : {}),
        }),
      );
    await opened;
    const found: OrderProgress = {
      orderUrl: order.url,
      finalizeUrl: order.finalize,
      authorizationUrls: order.authorizations,
      versionId: crypto.randomUUID(),
    };
    const next = order.status === "ready" ? "finalizing" : "authorizing";
    return { next, progress: found, detail: { order_url: order.url, found_again: left !== undefined } };
  },

  async authorizing({ input, progress }, ports) {
    const urls = progress.authorizationUrls ?? [];
    const type = typeOf(input);
    const [answered, places, nameOf] = await Promise.all([
      account(input.caAccountId, ports).authorizations(urls, type),
      // What fails here is told by the step "locating", if a place is needed at all.
      type === "dns-persist-01" ? undefined : placesOf(input.names, input, progress, ports).catch(() => undefined),
      challengeNames(type, progress.accountUrl ?? ""),
    ]);
    const authorizations = valueIn(answered);
    const challenges: OrderChallenge[] = [];
    for (const authorization of authorizations) {
      const { name, wildcard, status, challengeUrl, dnsValue, claim, problem } = authorization;
      const shown = wildcard ? `*.${name}` : name;
      if (status === "valid") continue;
      if (status !== "pending") throw validationFailure([{ name: shown, ...problem }], `is ${status}`);
      if (!challengeUrl || !dnsValue) throw notOffered(shown, type, authorization);
      const proof = { name: shown, challengeUrl, value: dnsValue, ...(claim ? { claim } : {}) };
      challenges.push({ ...proof, recordName: nameOf(shown), ...places?.get(shown) });
    }
    const detail = { authorizations: urls.length, already_valid: urls.length - challenges.length };
    const located = challenges.every(({ location }) => location !== undefined);
    const next = challenges.length === 0 ? "awaiting_ready" : located ? "placing" : "locating";
    return {
      next,
      progress: { challenges: oneRecordEach(challenges) },
      detail: { ...detail, ...(located ? zonesOf(challenges) : {}) },
    };
  },

  async locating({ input, progress }, ports) {
    const unplaced = progress.challenges ?? [];
    if (typeOf(input) === "dns-persist-01") {
      return locateMissing(unplaced, ports, (names) => placesOf(names, input, progress, ports));
    }
    const names = unplaced.map(({ name }) => name);
    const places = await placesOf(names, input, progress, ports);
    const challenges = unplaced.map((challenge) => ({ ...challenge, ...places.get(challenge.name) }));
    return { next: "placing", progress: { challenges }, detail: zonesOf(challenges) };
  },

  async placing({ input, progress }, ports) {
    await Promise.all(
      byZone(progress.challenges ?? []).map(({ location, challenges }) => {
        if (typeOf(input) === "dns-persist-01") {
          ports.noteStanding(location);
          return ports.zones.keep(location, standingOwner(input.certificateId), standingRecords(challenges));
        }
        const record = { type: "TXT" as const, ttl: CHALLENGE_TTL };
        const values = challenges.map(({ recordName = "", value }) => ({ ...record, name: recordName, value }));
        return ports.zones.place(location, input.id, values);
      }),
    );
    const detail = { records: progress.challenges?.map(({ recordName }) => recordName) };
    const patience = patienceOf(progress.challenges);
    if (patience) {
      const next = { deadline: ports.now() + patience };
      return { next: "checking", progress: next, detail: { ...detail, ...handwork("set", progress.challenges) } };
    }
    // What our own zone holds, it answers: there is nothing to wait for.
    const ours = progress.challenges?.every(({ location }) => !location?.dnsAccountId) ?? false;
    if (ours) return { next: "validating", progress: { deadline: ports.now() + CA_DEADLINE }, detail };
    return { next: "checking", progress: { deadline: ports.now() + VISIBILITY_DEADLINE }, detail };
  },

  async checking({ progress, attempts }, ports) {
    const looks = await Promise.all(
      (progress.challenges ?? []).map(({ recordName, value, location }) =>
        location ? ports.challengeZones.look(location, recordName ?? "", value) : undefined,
      ),
    );
    const hidden = looks.filter((look) => look && !look.visible);
    if (hidden.length === 0) {
      const methods = [...new Set(looks.map((look) => look?.method))];
      return { next: "validating", progress: { deadline: ports.now() + CA_DEADLINE }, detail: { methods } };
    }
    if (ports.now() > (progress.deadline ?? 0)) {
      const names = hidden.map((look) => look?.name).join(", ");
      throw new OrderFailure("dns_not_visible", `Not visible in time: ${names}.`, { looks: hidden });
    }
    const longest = patienceOf(progress.challenges) > 0 ? POLL_HANDS : POLL_LAST;
    return {
      waitUntil: ports.now() + Math.min(500 * 2 ** attempts, longest),
      detail: { hidden: hidden.length, ...handwork("set", progress.challenges) },
    };
  },

  async validating({ input, progress }, ports) {
    const ca = account(input.caAccountId, ports);
    let challengeUrls = (progress.challenges ?? []).map((challenge) => challenge.challengeUrl);
    if (progress.responded) {
      // After a crash some challenges may be under way already; a CA may refuse to begin those again.
      const authorizations = valueIn(await ca.authorizations(progress.authorizationUrls ?? [], typeOf(input)));
      const untouched = authorizations.filter(({ status, challengeStatus }) => status === challengeStatus);
      challengeUrls = untouched.flatMap(({ status, challengeUrl }) =>
        status === "pending" ? (challengeUrl ?? []) : [],
      );
    }
    ports.note({ responded: true });
    valueIn(await ca.respond(challengeUrls));
    return { next: "awaiting_ready", detail: { challenges: challengeUrls.length } };
  },

  async awaiting_ready({ input, progress, attempts }, ports) {
    const ca = account(input.caAccountId, ports);
    const order = valueIn(await ca.order(progress.orderUrl ?? ""));
    switch (order.status) {
      case "ready":
      case "processing":
      case "valid":
        return { next: "finalizing", detail: { polls: attempts + 1 } };
      case "invalid":
        throw await whyInvalid(input, progress, ca, order.error?.detail);
      case "pending":
        return poll(order.retryAfter, attempts, progress, ports);
    }
  },

  async finalizing({ input, progress }, ports) {
    const ca = account(input.caAccountId, ports);
    if (progress.finalizeSent) {
      const order = valueIn(await ca.order(progress.orderUrl ?? ""));
      if (order.status !== "ready") return { next: "awaiting_certificate", detail: { found_again: true } };
    }
    const request = progress.certificateRequest ?? (await makeKeyAndRequest(input, progress, ports));
    ports.note({ finalizeSent: true });
    const order = valueIn(await ca.finalize(progress.finalizeUrl ?? "", bytesOf(request)));
    if (order.status === "valid" && order.certificate) {
      return { next: "downloading", progress: { certificateUrl: order.certificate } };
    }
    return { next: "awaiting_certificate", progress: { deadline: ports.now() + CA_DEADLINE } };
  },

  async awaiting_certificate({ input, progress, attempts }, ports) {
    const ca = account(input.caAccountId, ports);
    const order = valueIn(await ca.order(progress.orderUrl ?? ""));
    if (order.status === "valid" && order.certificate) {
      return { next: "downloading", progress: { certificateUrl: order.certificate }, detail: { polls: attempts + 1 } };
    }
    if (order.status === "invalid") throw await whyInvalid(input, progress, ca, order.error?.detail);
    return poll(order.retryAfter, attempts, progress, ports);
  },

  async downloading({ input, progress }, ports) {
    const chainPem = valueIn(await account(input.caAccountId, ports).certificate(progress.certificateUrl ?? ""));
    const privateKey = await ports.sealer.open(
      progress.sealedPrivateKey ?? "",
      privateKeyPlace(progress.versionId, input.ownerId),
    );
    const { publicKeyInfo } = await readPrivateKey(privateKey);
    const identifiers = input.names.map(parseIdentifier);
    const checked = await checkChain({ chainPem, identifiers, publicKeyInfo, now: ports.now() });
    return {
      next: "storing",
      progress: { chainPem: checked.chainPem, leaf: leafFacts(checked.leaf) },
      detail: { serial: checked.leaf.serial, issuer: checked.leaf.issuer },
    };
  },

  async storing({ input, progress }, ports) {
    const [renewAt] = await Promise.all([
      ports.records.closeValid(input, progress),
      releaseAll(input, progress, ports),
    ]);
    const detail = { renew_at: renewAt, ...handwork("remove", progress.challenges) };
    return { next: "valid", progress: { stored: true }, detail };
  },

  /** Only an order that failed comes here: one that succeeded has cleaned up while its version was stored. */
  async cleaning({ input, progress }, ports) {
    await releaseAll(input, progress, ports);
    if (progress.authorizationUrls && !progress.finalizeSent) {
      // Pending authorizations of an order that is given up count against the CA's limits; failing to say so is no loss.
      await account(input.caAccountId, ports).giveUp(progress.authorizationUrls);
    }
    return { next: "closing", detail: handwork("remove", progress.challenges) };
  },

  async closing({ input, progress }, ports) {
    if (!progress.problem) throw new Error("an order without a problem has nothing to be wound up for");
    await ports.records.closeFailed(input, progress, progress.problem);
    return { next: "failed" };
  },
};

const leafFacts = ({
  serial,
  fingerprint,
  issuer,
  notBefore,
  notAfter,
  renewalIdentifier,
}: CertificateFacts): LeafFacts => ({
  ...{ serial, fingerprint, issuer, notBefore, notAfter },
  ...(renewalIdentifier ? { renewalIdentifier } : {}),
});

/** A provider that fails now is told again by the zone's object. */
async function releaseAll(input: OrderInput, { challenges = [] }: OrderProgress, { zones }: StepPorts) {
  const { id } = input;
  if (typeOf(input) === "dns-persist-01") return; // its records stay, for the orders to come
  await Promise.all(byZone(challenges).map(({ location }) => zones.release(location, id)));
}

const account = (id: string, { caAccounts }: StepPorts): DurableObjectStub<CaAccount> => caAccounts.objectOf(id);

/** The key is kept before the CA signs for it: a certificate whose key is lost is worth nothing. */
async function makeKeyAndRequest(
  { names, keyType, mustStaple, ownerId }: Order["input"],
  progress: OrderProgress,
  ports: StepPorts,
): Promise<string> {
  const privateKeyPem = await generatePrivateKey(keyType as KeyType);
  const identifiers: Identifier[] = names.map(parseIdentifier);
  const request = base64Of(await createCertificateRequest({ privateKeyPem, identifiers, mustStaple }));
  const sealedPrivateKey = await ports.sealer.seal(privateKeyPem, privateKeyPlace(progress.versionId, ownerId));
  ports.note({ sealedPrivateKey, certificateRequest: request });
  return request;
}

function poll(
  retryAfter: number | undefined,
  attempts: number,
  { deadline = 0 }: OrderProgress,
  { now }: StepPorts,
): StepResult {
  if (deadline > 0 && now() > deadline) {
    throw new OrderFailure("ca_unreachable", "The authority did not finish the order in time.");
  }
  return { waitUntil: retryAfter ?? now() + Math.min(POLL_FIRST * 2 ** attempts, POLL_LAST) };
}

const base64Of = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
const bytesOf = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
