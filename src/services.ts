/** The composition root: joins services with the bindings of this Worker. Made once for each isolate. */
import { connect } from "cloudflare:sockets";
import { waitUntil } from "cloudflare:workers";
import { createAccounts } from "./accounts/accounts";
import { createAdministration } from "./accounts/administration";
import { createApiKeyUses } from "./accounts/api-key-uses";
import { createApiKeys } from "./accounts/api-keys";
import { createFrontDoor } from "./accounts/front-door";
import type { AccountIdentity } from "./accounts/identity";
import { createRefusals } from "./accounts/refusals";
import { createSessions } from "./accounts/sessions";
import { createSignInLimits } from "./accounts/sign-in-limits";
import { createClientAccounts } from "./acme-profiles/client-accounts";
import { createDirectories } from "./acme-profiles/directories";
import { createExternalAccountKeys } from "./acme-profiles/external-account-keys";
import { createAcmeProfiles } from "./acme-profiles/service";
import { createAudit } from "./audit/service";
import { BUILTIN_HOST } from "./authorities/catalogue";
import { createAuthorities } from "./authorities/service";
import { createBuiltinCa } from "./builtin-ca/service";
import { readSettings } from "./builtin-ca/settings";
import { checkOutgoingUrl } from "./ca-accounts/outgoing-url";
import { createCaAccounts } from "./ca-accounts/service";
import { createCaDecisions } from "./certificates/ca-decisions";
import { createFailureRecords } from "./certificates/failure-records";
import { createOrderKeys } from "./certificates/order-key";
import { createOrderRecords } from "./certificates/order-records";
import { createRenewalPlanning } from "./certificates/renewal-planning";
import { createRenewalTurns } from "./certificates/renewal-turn";
import { createRenewalWindows } from "./certificates/renewal-windows";
import { createRenewals } from "./certificates/renewals";
import { ownListsFirst } from "./certificates/revocation-list-fetch";
import { createRevocationLists } from "./certificates/revocation-lists";
import { createCertificates } from "./certificates/service";
import { addresses, txtValues } from "./dns/cname";
import { createProviderHttp } from "./dns/http";
import { normaliseName } from "./dns/names";
import { isPrivateHost, privateHostRefusal } from "./dns/private-hosts";
import type { ProviderPorts } from "./dns/provider";
import { dohResolver, ResolveError } from "./dns/resolver";
import type { Connect } from "./dns/tcp";
import { createDnsAccounts } from "./dns-accounts/service";
import { createDnsSettings } from "./dns-accounts/settings";
import { createDynamicDns } from "./domains/dynamic-dns";
import { domainNames } from "./domains/finding";
import { createHostPasswords } from "./domains/host-passwords";
import { createMoving } from "./domains/moving";
import { createDomainRecords } from "./domains/records";
import { createReservedNames } from "./domains/reserved-names";
import { createDomains } from "./domains/service";
import { createDomainSync } from "./domains/synchronisation";
import { createUpdateLog } from "./domains/update-log";
import { readWays } from "./domains/update-ways";
import { createDomainUpkeep } from "./domains/upkeep";
import { createBehind } from "./instances/behind";
import { createBundles } from "./instances/bundle";
import { createInstalled } from "./instances/installed";
import { createReports } from "./instances/reports";
import { createInstances } from "./instances/service";
import { createMail } from "./mail/service";
import { createAcmeDns } from "./managed-challenges/acme-dns";
import { createManagedChallenges } from "./managed-challenges/service";
import { createNotifications } from "./notifications/service";
import { createSettings } from "./settings/service";
import { openDatabase } from "./storage/database";
import { createSealer } from "./storage/sealing";
import { changeFields, maskFields, parseFields } from "./stored-credentials/fields";
import { createReminders } from "./stored-credentials/reminders";
import { createStoredCredentials } from "./stored-credentials/service";
import { createCredentialTrials } from "./stored-credentials/trials";
import type { ConnectSecurely } from "./stored-credentials/trials/smtp";
import { createFreshSignIn } from "./two-factor/fresh-sign-in";
import { createTwoFactor } from "./two-factor/service";
import { createAccountRetests } from "./zones/account-retests";
import { createAccountTests } from "./zones/account-test";
import { createBaseZone, withBaseZone } from "./zones/base-zone";
import { createChallengeHosts } from "./zones/challenge-hosts";
import { createChallengeZones } from "./zones/challenges";
import { ownZonesFirst } from "./zones/own-zones-resolver";
import { builtinRecords, zoneLookup } from "./zones/records";
import { createServedZones } from "./zones/served-zones";
import { createZones } from "./zones/service";
import { createZoneSigning } from "./zones/signing";

export type Services = ReturnType<typeof compose>;

const made = new WeakMap<Env, Services>();

export function createServices(env: Env): Services {
  let services = made.get(env);
  if (!services) {
    services = compose(env);
    made.set(env, services);
  }
  return services;
}

function compose(env: Env) {
  const now = Date.now;
  const outside: typeof fetch = (input, init) => fetch(input, init);
  const database = openDatabase(env.DB);
  const sealer = createSealer(env.ENCRYPTION_KEYS);
  const plansOn = (env.PLANS as string) !== "off";
  const allowPrivateHosts = (env.ALLOW_PRIVATE_HOSTS as string) === "true";
  /** Where to is a user's to say, for connections and for a CA's URLs alike. */
  const requireReachable = (host: string) => {
    if (!allowPrivateHosts && isPrivateHost(host)) throw new ResolveError(privateHostRefusal(host));
  };
  const reach: Connect = (address) => {
    requireReachable(address.hostname);
    return connect(address);
  };
  const connectSecurely: ConnectSecurely = (address, security) => {
    requireReachable(address.hostname);
    return connect(address, { secureTransport: security === "tls" ? "on" : "starttls", allowHalfOpen: false });
  };
  const baseZone = createBaseZone({ database, builtinZone: env.BUILTIN_ZONE, now });
  const nameservers = namesIn(env.NAMESERVERS);
  const records = withBaseZone(zoneLookup(database, nameservers), baseZone);
  const world = dohResolver({ url: env.DOH_URL, fetch: outside });
  const resolver = ownZonesFirst(records, world);

  /** To hosts that anybody may name: neither they nor what they stand for may be private ones. */
  const httpFetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const { hostname } = new URL(request.url);
    requireReachable(hostname);
    if (!allowPrivateHosts) for (const address of await addresses(resolver, hostname)) requireReachable(address);
    return outside(request);
  };

  const builtinCa = createBuiltinCa({
    database,
    sealer,
    httpFetch,
    resolveTxt: (name) => txtValues(resolver, name),
    nonceSecret: env.API_KEY_PEPPER,
    settings: () => readSettings(env),
    now,
  });
  /** The built-in CA is reached by the same client as any other; its requests never leave the Worker. */
  const caFetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const { hostname } = new URL(request.url);
    if (hostname === BUILTIN_HOST) return builtinCa.fetch(request);
    requireReachable(hostname);
    return outside(request);
  };

  const authorities = createAuthorities({
    database,
    fetch: caFetch,
    checkUrl: (url, pointer) => checkOutgoingUrl(url, pointer, allowPrivateHosts),
    now,
  });
  const audit = createAudit({ database, now });
  const accounts = createAccounts({ database, audit, now, claimToken: env.CLAIM_TOKEN });
  const administration = createAdministration({ database, now });
  const sessions = createSessions({ database, now });
  const twoFactor = createTwoFactor({ database, sealer, pepper: env.API_KEY_PEPPER, now });
  const apiKeyUses = createApiKeyUses({ database, audit, now });
  const apiKeys = createApiKeys({ database, uses: apiKeyUses, now, pepper: env.API_KEY_PEPPER });
  const refusals = createRefusals({ audit, now });
  const limitPorts = { database, pepper: env.API_KEY_PEPPER, isOn: (env.RATE_LIMITS as string) !== "off", now };
  const signInLimits = createSignInLimits({ ...limitPorts, door: "sign-in" });
  const storedCredentials = createStoredCredentials({ database, sealer, now });
  const dnsAccounts = createDnsAccounts({ database, sealer, storedCredentials, now });
  const { mailer, outbox } = createMail({
    environment: env,
    database,
    fetch: outside,
    checkUrl: (url) => checkOutgoingUrl(url, "/MAIL_API_URL", allowPrivateHosts),
    now,
  });
  const notifications = createNotifications({
    database,
    sealer,
    mailer,
    fetch: outside,
    credential: (ownerId, id) => storedCredentials.findFor(ownerId, id, null),
    fields: { parse: parseFields, change: changeFields, mask: maskFields },
    checkUrl: (url, pointer) => checkOutgoingUrl(url, pointer, allowPrivateHosts),
    publicUrl: env.PUBLIC_URL,
    pepper: env.API_KEY_PEPPER,
    background: waitUntil,
    now,
  });
  const { tell } = notifications;
  const providerPorts: ProviderPorts = {
    http: createProviderHttp({ fetch: outside, now, allowPrivateHosts }),
    connect: reach,
    builtinRecords: builtinRecords(database, now),
  };
  const zones = createZones({
    database,
    dnsAccounts,
    objects: env.DNS_ZONE,
    ...providerPorts,
    baseZone,
    records,
    tell,
    now,
  });
  const challengeHosts = createChallengeHosts({ database, builtinZone: env.BUILTIN_ZONE, now });
  const challengeZones = createChallengeZones({
    zones,
    dnsAccounts,
    challengeHosts,
    resolver,
    visibility: { resolver: world, connect: reach },
  });
  const managedChallenges = createManagedChallenges({ database, zones, challengeZones, now });
  const externalAccountKeys = createExternalAccountKeys({ database, sealer, now });
  const accountTests = createAccountTests({ dnsAccounts, zones, challengeZones, now });
  const caAccounts = createCaAccounts({
    database,
    sealer,
    objects: env.CA_ACCOUNT,
    authorities,
    allowPrivateHosts,
    now,
  });
  const failureRecords = createFailureRecords({ database, tell, now });
  const firstCircuit = (Number(env.CA_CIRCUIT_SECONDS) || 60) * 1000;
  const circuitTimes = { first: firstCircuit, longest: 60 * firstCircuit };
  const caDecisions = createCaDecisions({ database, caAccounts, resolver, now });
  const orderRecords = createOrderRecords({ database, caAccounts, audit, failureRecords, tell, now });
  const objects = env.CERTIFICATE_ORDER;
  const renewalPlanning = createRenewalPlanning({ database, now });
  const certificates = createCertificates({
    database,
    sealer,
    caAccounts,
    caDecisions,
    challengeZones,
    renewalPlanning,
    tell,
    objects,
    now,
  });
  const renewalTurns = createRenewalTurns({ database, certificates, failureRecords, tell, plansOn, now });
  const lists = createRevocationLists({
    database,
    fetch: ownListsFirst({ publicUrl: env.PUBLIC_URL, list: builtinCa.revocationList }, caFetch),
    tell,
    now,
  });
  const windows = createRenewalWindows({ database, caAccounts, tell, now });
  const updateLog = createUpdateLog({ database, objects: env.UPDATE_LOG, now });
  const reservedNames = createReservedNames(namesIn(env.RESERVED_NAMES));
  const domains = createDomains({
    database,
    zones,
    reservedNames,
    forget: updateLog.forget,
    now,
  });
  const renewals = createRenewals({
    database,
    windows,
    lists,
    objects,
    perTick: Number(env.RENEWALS_PER_TICK) || 40,
    now,
  });
  const hostPasswords = createHostPasswords({ database, pepper: env.API_KEY_PEPPER, plansOn, now });
  const dynamicDns = createDynamicDns({
    database,
    zones,
    apiKeyUses,
    refusals,
    audit,
    updateLimits: createSignInLimits({ ...limitPorts, door: "update" }),
    pepper: env.API_KEY_PEPPER,
    plansOn,
    baseZone: env.BUILTIN_ZONE,
    ways: readWays(env),
    updateLog,
    now,
  });
  const frontDoor = createFrontDoor({
    database,
    sessions,
    audit,
    mailer,
    limits: signInLimits,
    publicUrl: env.PUBLIC_URL,
    signUp: env.SIGN_UP,
    domains: {
      names: ({ id }) => domainNames(database, id),
      remove: ({ id }, fqdn) => domains.remove(id, fqdn),
    },
    certificates: {
      names: async (account) => (await certificates.list(everythingOf(account))).map(({ domain }) => domain),
      remove: (account, domain) => certificates.remove(everythingOf(account), domain),
    },
    now,
  });

  return {
    ...frontDoor,
    outbox,
    notifications,
    database,
    sealer,
    audit,
    accounts,
    administration,
    sessions,
    twoFactor,
    apiKeys,
    refusals,
    signInLimits,
    storedCredentials,
    credentialTrials: createCredentialTrials({
      database,
      storedCredentials,
      tell,
      providers: providerPorts,
      connectSecurely,
      now,
    }),
    credentialReminders: createReminders({ database, tell, now }),
    freshSignIn: createFreshSignIn({
      sessions,
      needsSecondFactor: twoFactor.required,
      requirePassword: frontDoor.passwordChanges.requirePassword,
      now,
    }),
    dnsAccounts,
    dnsSettings: createDnsSettings({ dnsAccounts }),
    zones,
    challengeHosts,
    challengeZones,
    managedChallenges,
    acmeProfiles: createAcmeProfiles({ database, now }),
    externalAccountKeys,
    acmeClientAccounts: createClientAccounts({ database }),
    acmeDirectories: createDirectories({ database, builtinCa, externalAccountKeys, plansOn }),
    acmeDns: createAcmeDns({
      database,
      managedChallenges,
      builtinZone: env.BUILTIN_ZONE,
      pepper: env.API_KEY_PEPPER,
      now,
    }),
    accountTests,
    accountRetests: createAccountRetests({ dnsAccounts, accountTests, tell }),
    records,
    authorities,
    servedZones: createServedZones({ database, records, world, nameservers, now }),
    zoneSigning: createZoneSigning({ database, sealer }),
    caAccounts,
    caFetch,
    caDecisions,
    circuitTimes,
    settings: createSettings({ database, now }),
    orderRecords,
    certificates,
    renewals,
    renewalTurns,
    renewalPlanning,
    orderKeys: createOrderKeys({ database, sealer }),
    domains,
    domainRecords: createDomainRecords({ database, zones, now }),
    domainMoves: createMoving({ database, zones, reservedNames, now }),
    domainUpkeep: createDomainUpkeep({ database, zones, tell, now }),
    domainSync: createDomainSync({ database }),
    hostPasswords,
    updateLog,
    dynamicDns,
    instances: createInstances({ database, now }),
    installed: createInstalled({ database }),
    behind: createBehind({ database, tell, now }),
    reports: createReports({ database, now }),
    bundles: createBundles({ database, openPrivateKey: certificates.privateKey, now }),
    builtinCa,
  };
}

/** "ns1.example.net, ns2.example.net" */
const namesIn = (list: string): string[] =>
  list
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(normaliseName);

/** As whoever may do all that the account may. */
const everythingOf = (account: AccountIdentity) => ({ account, allowedDomains: null, instanceId: null });
