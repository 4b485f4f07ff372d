/** Somebody on the shared Worker with a name of their own, instances, and certificates for them. */
import { admin, certedge, request, uniqueName } from "./certedge";
import { type Member, newMember } from "./members";

export interface InstanceOwner {
  member: Member;
  /** A name of theirs, and so are all below it. */
  base: string;
  newInstance(settings?: object, rest?: object): Promise<{ id: string; name: string }>;
  /** Issued by the built-in CA; its name. */
  newCertificate(settings?: object): Promise<string>;
  renew(domain: string): Promise<void>;
  newKey(instanceId: string, narrowing?: object): Promise<{ id: string; key: string }>;
}

export async function newOwner(plan: "elite" | "pro" = "elite"): Promise<InstanceOwner> {
  const member = await newMember(certedge().url, admin(), plan);
  const me = request(member);
  const base = uniqueName(member.username);
  await made(me.post("/api/domains", { fqdn: base }), 201);
  let count = 0;
  return {
    member,
    base,
    newInstance: (settings = {}, rest = {}) =>
      made(me.post("/api/instances", { name: `web-${count++}`, settings, ...rest }), 201),
    async newCertificate(settings = {}) {
      const domain = `c${count++}.${base}`;
      const { order } = await made(me.post("/api/certificates/create?wait=60", { domain, ...settings }), 202);
      if (order.state !== "valid") throw new Error(`it is ${order.state}: ${JSON.stringify(order.problem)}`);
      return domain;
    },
    async renew(domain) {
      const { order } = await made(me.post(`/api/certificates/${domain}/renew?wait=60`), 202);
      if (order.state !== "valid") throw new Error(`it is ${order.state}: ${JSON.stringify(order.problem)}`);
    },
    newKey: (instanceId, narrowing = {}) =>
      made(me.post(`/api/instances/${instanceId}/keys`, { name: "agent", ...narrowing }), 201),
  };
}

async function made(asked: ReturnType<ReturnType<typeof request>["post"]>, status: number) {
  const answer = await asked;
  if (answer.status !== status) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.json;
}
