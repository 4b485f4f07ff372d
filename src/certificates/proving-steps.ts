/** The steps that prove the names: all values are placed, and seen, before any is validated. */
import { challengeNames } from "../acme/challenges";
import { valueIn } from "../ca-accounts/failure";
import type { RecordValue } from "../dns/provider";
import { handwork, patienceOf } from "./by-hand";
import { byZone, placesOf, zonesOf } from "./challenge-places";
import { OrderFailure } from "./order-failure";
import { CA_DEADLINE, type OrderChallenge, typeOf, type WorkingState } from "./order-state";
import { caOf, poll, type Step } from "./order-step";
import { notOffered, validationFailure, whyInvalid } from "./order-validation";
import { locateMissing, oneRecordEach, standingOwner, standingRecords } from "./standing-records";

const MINUTE = 60_000;
const CHALLENGE_TTL = 60;
/** How long values may take to be visible. */
const VISIBILITY_DEADLINE = 5 * MINUTE;
const LOOK_FIRST = 500;
const LOOK_LAST = 8_000;
/** While a person sets the values. */
const LOOK_HANDS = 30_000;

export const provingSteps = {
  async authorizing({ input, progress }, ports) {
    const urls = progress.authorizationUrls ?? [];
    const type = typeOf(input);
    const [answered, places, nameOf] = await Promise.all([
      caOf({ input, progress }, ports).authorizations(urls, type),
      // What fails here is told by the step "locating", if a place is needed at all.
      type === "dns-persist-01" ? undefined : placesOf(input.names, input, progress, ports).catch(() => undefined),
      challengeNames(type, progress.accountUrl ?? ""),
    ]);
    const authorizations = valueIn(answered);
    const challenges: OrderChallenge[] = [];
    for (const authorization of authorizations) {
      const { name, wildcard, status, challengeUrl, dnsValue, challenge, claim, problem } = authorization;
      const shown = wildcard ? `*.${name}` : name;
      if (status === "valid") continue;
      if (status !== "pending") throw validationFailure([{ name: shown, ...problem }], `is ${status}`);
      if (!challengeUrl || !dnsValue) throw notOffered(shown, type, authorization);
      const proof = { name: shown, challengeUrl, value: dnsValue, recordName: nameOf(shown), ...places?.get(shown) };
      challenges.push({ ...proof, ...(challenge ? { challenge } : {}), ...(claim ? { claim } : {}) });
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
        return ports.zones.place(location, input.id, challenges.map(passingRecord));
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
    const longest = patienceOf(progress.challenges) > 0 ? LOOK_HANDS : LOOK_LAST;
    return {
      waitUntil: ports.now() + Math.min(LOOK_FIRST * 2 ** attempts, longest),
      detail: { hidden: hidden.length, ...handwork("set", progress.challenges) },
    };
  },

  async validating({ input, progress }, ports) {
    const ca = caOf({ input, progress }, ports);
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
    const ca = caOf({ input, progress }, ports);
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
} satisfies Partial<Record<WorkingState, Step>>;

/** What is written for an order, and removed with it. */
const passingRecord = ({ recordName = "", value, challenge }: OrderChallenge): RecordValue => ({
  name: recordName,
  type: "TXT",
  value,
  ttl: CHALLENGE_TTL,
  ...(challenge ? { challenge } : {}),
});
