/** Every operation of the OpenAPI document, asked for by those who may not. A new one has to have its row here. */
import { beforeAll, describe, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { type Member, newMember } from "../support/members";
import type { Answer } from "../support/requests";

interface Row {
  /** What somebody is answered who asks for another account's things with a session of their own. */
  stranger?: number;
  /** The same on the Free plan. */
  free?: number;
  /** What nobody in particular is answered, where no credential is asked for. */
  anybody?: number;
  /** Else an empty one. */
  body?: () => object;
  /** Ends sessions: asked with one of its own. */
  endsSessions?: true;
}

/** Let in, and asked for a body that makes sense. */
const ASKED_ON = 422;
const open = (anybody = ASKED_ON): Row => ({ anybody });
const own = (stranger = 200, free = stranger): Row => ({ stranger, free });
const another = (body?: () => object): Row => ({ stranger: 404, free: 404, ...(body ? { body } : {}) });
const administrators: Row = { stranger: 403, free: 403 };
const password = () => ({ password: ada.password });

const table: Record<string, Row> = {
  claimInstallation: open(),
  signUp: open(),
  verifyEmail: open(),
  requestPasswordReset: open(),
  resetPassword: open(),
  signIn: open(),
  signInSecondStep: open(),
  beginPasskeySignIn: open(409), // the tests ask at an address, which has no passkeys
  signInByPasskey: open(),
  signOut: open(204),

  getAccount: own(),
  exportAccount: own(),
  changePassword: own(ASKED_ON),
  changeEmail: own(ASKED_ON),
  closeAccount: own(ASKED_ON),
  sendVerification: own(409),
  listSessions: own(),
  endSession: another(),
  signOutEverywhere: { ...own(204), endsSessions: true },
  getSecondFactors: own(),
  beginAuthenticatorApp: own(ASKED_ON),
  confirmAuthenticatorApp: own(ASKED_ON),
  removeAuthenticatorApp: own(ASKED_ON),
  makeRecoveryCodes: own(ASKED_ON),
  listPasskeys: own(),
  beginPasskey: own(ASKED_ON),
  addPasskey: own(ASKED_ON),
  removePasskey: another(password),

  createApiKey: { ...own(201, 403), body: () => ({ name: "another" }) },
  listApiKeys: own(200, 403),
  getApiKey: own(404, 403),
  deactivateApiKey: another(),

  createCertificate: { ...own(403), body: () => ({ domain: things.name }) },
  previewCertificate: { ...own(200, 403), body: () => ({ domain: "nobodys.certedge.test" }) },
  listCertificates: own(),
  getCertificate: another(),
  changeCertificate: another(),
  deleteCertificate: another(),
  renewCertificate: another(),
  replaceCertificate: another(),
  revokeCertificate: another(),
  listOrders: another(),
  getOrder: another(),
  watchOrder: another(),
  downloadCertificate: another(),

  createDomain: { ...own(409), body: () => ({ fqdn: things.name }) },
  listDomains: own(),
  getDomain: another(),
  updateDomain: another(() => ({ record_ip: "192.0.2.66" })),
  deleteDomain: another(),
  getDomainById: another(),
  updateDomainById: another(() => ({ record_ip: "192.0.2.66" })),
  deleteDomainById: another(),
  moveDomain: another(() => ({ dns_provider: "cloudflare" })),
  listRecordSets: another(),
  getRecordSet: another(),
  putRecordSet: another(() => ({ values: ["192.0.2.66"] })),
  deleteRecordSet: another(),
  makeUpdatePassword: another(),
  endUpdatePassword: another(),
  listDomainChanges: another(),
  listUpdateAttempts: another(),

  createAuthority: {
    ...own(201, 403),
    body: () => ({ title: "another", production_url: "https://ca.example.com/directory" }),
  },
  listAuthorities: own(),
  getAuthority: another(),
  changeAuthority: another(() => ({ title: "stolen" })),
  deleteAuthority: another(),

  createCaAccount: { ...own(201, 403), body: () => ({ name: "another", authority: "builtin" }) },
  listCaAccounts: own(),
  getCaAccount: another(),
  makeCaAccountDefault: another(),
  rollOverCaAccountKey: another(),
  importCaAccount: own(ASKED_ON),
  changeCaAccount: another(() => ({ name: "stolen" })),
  deleteCaAccount: another(),
  testCaAccount: another(),
  deactivateCaAccount: another(),

  listCredentialKinds: own(),
  createCredential: {
    ...own(201, 403),
    body: () => ({ name: "another", kind: "api_token", fields: { token: "another" } }),
  },
  listCredentials: own(),
  getCredential: another(),
  changeCredential: another(() => ({ name: "stolen" })),
  deleteCredential: another(),
  testCredential: another(),
  getCredentialUsage: another(),
  listCredentialVersions: another(),
  rollBackCredential: another(() => ({ version: 1 })),
  unlockCredential: another(() => ({ reason: "out of curiosity" })),

  listDnsProviders: own(),
  createDnsAccount: { ...own(201, 403), body: () => ({ account_id: "another", credentials: { api_token: "t" } }) },
  listDnsAccounts: own(),
  getDnsAccount: another(),
  changeDnsAccount: another(() => ({ name: "stolen" })),
  deleteDnsAccount: another(),
  testDnsAccount: another(),
  makeDnsAccountDefault: another(() => ({ account_id: things.account_id })),
  getSettings: own(),
  changeSettings: own(),
  getDnsSettings: own(),
  changeDnsSettings: own(),
  createAcmeProfile: {
    ...own(201, 403),
    body: () => ({ slug: uniqueName("another").split(".")[0], title: "another" }),
  },
  listAcmeProfiles: own(),
  getAcmeProfile: another(),
  changeAcmeProfile: another(() => ({ title: "stolen" })),
  deleteAcmeProfile: another(),
  createExternalAccountKey: another(() => ({ name: "another" })),
  listExternalAccountKeys: another(),
  revokeExternalAccountKey: another(),
  listAcmeClientAccounts: another(),
  deactivateAcmeClientAccount: another(),
  placeChallenge: { ...own(403, 403), body: () => ({ domain: things.name, value: "x" }) },
  listChallenges: own(),
  getChallenge: another(),
  removeChallenge: another(),
  listAcmeDnsRegistrations: own(),
  deleteAcmeDnsRegistration: another(),
  listZones: own(),
  claimZone: { ...own(201, 403), body: () => ({ name: `another-${things.zone}` }) },
  verifyZone: { stranger: 404, free: 403 },
  getZone: another(),
  changeZone: another(() => ({ nameservers: null })),
  deleteZone: another(),
  exportZone: another(),
  createChallengeHost: { ...own(201, 403), body: () => ({ domain: "another.example" }) },
  listChallengeHosts: own(),
  deleteChallengeHost: another(),

  createInstance: { ...own(201, 403), body: () => ({ name: "another" }) },
  listInstances: own(),
  getInstance: another(),
  changeInstance: another(() => ({ name: "stolen" })),
  deleteInstance: another(),
  listInstalledCertificates: another(),
  getInstanceBundle: another(),
  reportInstance: another(),
  createInstanceKey: another(() => ({ name: "another" })),
  listInstanceKeys: another(),
  deactivateInstanceKey: another(),

  listNotificationEvents: own(),
  listNotificationChannelKinds: own(),
  listNotificationChannels: own(),
  createNotificationChannel: { ...own(201, 403), body: () => ({ name: "another", kind: "email" }) },
  getNotificationChannel: another(),
  changeNotificationChannel: another(() => ({ enabled: false })),
  deleteNotificationChannel: another(),
  testNotificationChannel: another(),
  askNotificationRecipient: another(),
  listNotificationDeliveries: another(),
  retryNotificationDelivery: another(),

  listAuditEntries: own(),
  exportAuditEntries: own(),
  verifyAuditEntries: own(),

  listBuiltinIssuers: administrators,
  rotateBuiltinIssuer: administrators,
  importBuiltinIssuer: administrators,
  listBaseZones: administrators,
  createBaseZone: administrators,
  createInvitation: administrators,
  listInvitations: administrators,
  deleteInvitation: administrators,
  listAccounts: administrators,
  getAccountAsAdmin: administrators,
  changeAccount: administrators,
  deleteAccount: administrators,
  removeSecondFactorsOf: administrators,
  getTotals: administrators,
};

interface Operation {
  id: string;
  method: "get" | "post" | "put" | "patch" | "delete";
  path: string;
  takesBody: boolean;
  /** The scope that a key needs; nothing where no key is taken. */
  scope: string | undefined;
  isOpen: boolean;
}

/** Ada has one of everything; nobody else may see or touch it. */
let ada: Member;
let eve: Member;
let free: Member;
/** What the key of an instance is answered that none of Ada's things are for; anything else is 403. */
const ofInstance: Record<string, number> = {
  listCertificates: 200,
  getCertificate: 404,
  listOrders: 404,
  getOrder: 404,
  watchOrder: 404,
  downloadCertificate: 404,
  getInstanceBundle: 200,
  reportInstance: 200,
};

/** A key of Ada's that may do nothing of all this, one that may do everything, and one of an account that fell to Free. */
let narrow: string;
/** The same for what the scope of that one is for. */
let otherwise: string;
let whole: string;
let fallen: string;
/** The key of an instance that has nothing. */
let agent: string;
const things: Record<string, string> = {};
const operations: Operation[] = [];

beforeAll(async () => {
  const { url } = certedge();
  const member = (plan: "elite" | "free") => newMember(url, admin(), plan);
  [ada, eve, free] = [await member("elite"), await member("elite"), await member("free")];
  const former = await member("elite");
  const keyOf = async (who: Member, narrowing = {}) =>
    (await request(who).post("/api-keys/", { name: "laptop", ...narrowing })).json;
  narrow = (await keyOf(ada, { scopes: ["acme"] })).key;
  otherwise = (await keyOf(ada, { scopes: ["challenges"] })).key;
  fallen = (await keyOf(former)).key;
  await request(admin()).patch(`/api/admin/accounts/${former.id}`, { plan: "free" });
  const laptop = await keyOf(ada);
  whole = laptop.key;

  const me = request(ada);
  const name = uniqueName("ada");
  const host = (await me.post("/api/domains", { fqdn: name, record_ip: "192.0.2.1" })).json;
  const { json } = await me.post("/api/certificates/create?wait=60", { domain: name });
  await me.post("/api/dns/cloudflare/accounts", { account_id: "home", credentials: { api_token: "t" } });
  await me.post("/api/dns/challenge-hosts", { domain: name });
  const instance = (await me.post("/api/instances", { name: "web" })).json;
  const stored = { name, kind: "api_token", fields: { token: "a token of Ada's" }, may_be_unlocked: true };
  const credential = (await me.post("/api/credentials", stored)).json;
  const inHouse = { title: `in house, ${name}`, production_url: "https://ca.example.com/directory" };
  const authority = (await me.post("/api/ca/authorities", inHouse)).json;
  agent = (await me.post(`/api/instances/${instance.id}/keys`, { name: "agent" })).json.key;
  const spare = (await me.post(`/api/instances/${instance.id}/keys`, { name: "spare" })).json;
  const challenge = (await me.post("/api/challenges", { domain: name, value: "ours" })).json;
  const profile = (await me.post("/api/acme/profiles", { slug: name.split(".")[0], title: "home" })).json;
  const eab = (await me.post(`/api/acme/profiles/${profile.id}/eab`, { name: "web" })).json;
  const zone = `${name.split(".")[0]}.example`;
  await request(admin()).post("/api/admin/zones", { name: zone, account_id: ada.id });
  const [caAccount] = (await me.get("/api/ca/accounts")).json.accounts;
  const channel = (await me.post("/api/notifications/channels", { name: "mail", kind: "email" })).json;
  const trial = (await me.post(`/api/notifications/channels/${channel.id}/test`)).json;
  const [session] = (await me.get("/api/sessions")).json.sessions;
  const invited = { email: `${name.split(".")[0]}@example.org`, plan: "free" };
  const invitation = (await request(admin()).post("/api/admin/invitations", invited)).json;
  Object.assign(things, {
    name,
    domain: name,
    fqdn: name,
    zone,
    order: json.order.id,
    provider: "cloudflare",
    account_id: "home",
    "/api-keys": laptop.id,
    "/api/api-keys": laptop.id,
    "/api/ca/authorities": authority.id,
    "/api/ca/accounts": caAccount.id,
    "/api/credentials": credential.id,
    "/api/notifications/channels": channel.id,
    "/api/notifications/deliveries": trial.delivery.id,
    "/api/acme/profiles": profile.id,
    kid: eab.id,
    account: eab.id,
    "/api/challenges": challenge.id,
    "/api/challenges/acme-dns": challenge.id,
    "/api/sessions": session.id,
    "/api/instances": instance.id,
    "/api/domains": host.id,
    type: "A",
    key: spare.id,
    "/api/account/passkeys": "AAAA",
    "/api/admin/accounts": String(ada.id),
    "/api/admin/invitations": invitation.id,
  });

  const document = (await request().get("/openapi.json")).json;
  for (const [path, item] of Object.entries<Record<string, Described>>(document.paths)) {
    for (const [method, { operationId, security, requestBody }] of Object.entries(item)) {
      const scope = security.flatMap(({ apiKey }) => apiKey ?? [])[0];
      const takesBody = requestBody !== undefined;
      operations.push({
        id: operationId,
        method: method as Operation["method"],
        path: filled(path),
        takesBody,
        scope,
        isOpen: security.length === 0,
      });
    }
  }
});

interface Described {
  operationId: string;
  security: { apiKey?: string[] }[];
  requestBody?: object;
}

/** With Ada's things in the path's places. */
const filled = (path: string) =>
  path.replace(/\{(\w+)\}/g, (place, name, at) => {
    const thing = things[name === "id" ? path.slice(0, at - 1) : name];
    if (!thing) throw new Error(`${path} has a place ${place} that nothing was made for`);
    return encodeURIComponent(thing);
  });

const keyWithout = ({ scope }: Operation) => (scope === undefined ? whole : scope === "acme" ? otherwise : narrow);

const rowOf = ({ id }: Pick<Operation, "id">) => table[id.replace(/UnderApi$/, "")] ?? {};

function ask(caller: { key?: string; cookie?: string }, operation: Operation): Promise<Answer> {
  const { method, path, takesBody } = operation;
  const body = takesBody ? (rowOf(operation).body?.() ?? {}) : undefined;
  return method === "get" ? request(caller).get(path) : request(caller)[method](path, body);
}

/** Asks for each operation that `matters`, and gives the statuses beside those that are wanted, where they differ. */
async function walk(
  matters: (operation: Operation) => boolean,
  asks: (operation: Operation) => Promise<{ got: unknown; wanted: unknown }>,
) {
  const asked = operations.filter((operation) => operation.id.replace(/UnderApi$/, "") in table && matters(operation));
  expect(asked.length).toBeGreaterThan(5);
  const differing: Record<string, unknown> = {};
  for (const operation of asked) {
    const { got, wanted } = await asks(operation);
    if (JSON.stringify(got) !== JSON.stringify(wanted)) differing[operation.id] = { got, wanted };
  }
  expect(differing).toEqual({});
}

const isGuarded = ({ isOpen }: Operation) => !isOpen;
const takesKeys = ({ scope }: Operation) => scope !== undefined;

async function freshSession({ username, password }: Member) {
  const { headers } = await request().post("/api/sessions", { username, password });
  return { cookie: (headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
}

describe("every operation of the API", () => {
  it("has a row in the table of this test, and every row an operation", () => {
    const ids = operations.map(({ id }) => id.replace(/UnderApi$/, ""));
    expect(Object.keys(table).sort()).toEqual([...new Set(ids)].sort());
    for (const operation of operations)
      expect([operation.id, "anybody" in rowOf(operation)]).toEqual([operation.id, operation.isOpen]);
  });

  it("asks for a credential with 401, or is open to all", async () => {
    await walk(
      () => true,
      async (operation) => {
        const { status, headers } = await ask({}, operation);
        if (status === 401) expect(headers.get("www-authenticate"), operation.id).toMatch(/^Bearer /);
        return { got: status, wanted: rowOf(operation).anybody ?? 401 };
      },
    );
  });

  it("refuses a key that is none with 401", async () => {
    await walk(isGuarded, async (operation) => ({
      got: (await ask({ key: `ak_${"A".repeat(43)}` }, operation)).status,
      wanted: 401,
    }));
  });

  it("refuses a key that lacks the scope with 403, and names it; or takes no key at all", async () => {
    await walk(isGuarded, async (operation) => {
      const { status, json } = await ask({ key: keyWithout(operation) }, operation);
      const why = /lacks the scope ([\w:]+)\.|(An API key may not do this\.)/.exec(json?.detail ?? "");
      return { got: [status, why?.[1] ?? why?.[2]], wanted: [403, operation.scope ?? "An API key may not do this."] };
    });
  });

  it("lets the key of an instance see nothing but what is for that one", async () => {
    await walk(isGuarded, async (operation) => {
      const { status, text } = await ask({ key: agent }, operation);
      expect(text, operation.id).not.toMatch(new RegExp(`${ada.username}|PRIVATE KEY`));
      return { got: status, wanted: ofInstance[operation.id] ?? 403 };
    });
  });

  it("refuses the key of an account on the Free plan with 403", async () => {
    await walk(takesKeys, async (operation) => {
      const { status, json } = await ask({ key: fallen }, operation);
      return { got: [status, json?.detail], wanted: [403, "API access requires Pro or Elite subscription"] };
    });
  });

  it.each(["stranger", "free"] as const)("shows nothing of another account's, nor changes it: %s", async (who) => {
    const asker = who === "stranger" ? eve : free;
    await walk(isGuarded, async (operation) => {
      const { stranger, free, endsSessions } = rowOf(operation);
      const { status, text } = await ask(endsSessions ? await freshSession(asker) : asker, operation);
      if (status < 300) expect(text, operation.id).not.toMatch(new RegExp(`${ada.username}|${things.name}`));
      // Its sessions have all ended.
      if (endsSessions) Object.assign(asker, await freshSession(asker));
      return { got: status, wanted: who === "stranger" ? stranger : free };
    });
  });

  it("has left everything as it was", async () => {
    const isLook = ({ method, id }: Operation) => method === "get" && (rowOf({ id }).stranger ?? 0) === 404;
    await walk(isLook, async (operation) => ({ got: (await ask(ada, operation)).status, wanted: 200 }));
    expect((await request(ada).get(`/api/domains/fqdn/${things.name}`)).json.record_ip).toBe("192.0.2.1");
    expect((await request(ada).get(`/api/certificates/${things.name}`)).json.status).toBe("valid");
    expect((await request({ key: whole }).get("/api/sessions")).json.sessions).toHaveLength(1);
  });
});
