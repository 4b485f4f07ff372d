/** Vault and OpenBao: a token looks itself up, an AppRole makes a token that is given up at once. https://developer.hashicorp.com/vault/api-docs/auth */
import { z } from "zod";
import type { ApiAnswer, Verdict } from "../../dns/http";
import type { Fields } from "../fields";
import { type Trial, type TrialPorts, text } from "./trial";

const lookup = z.object({
  data: z.object({ policies: z.array(z.string()), expire_time: z.string().nullish() }),
});
const login = z.object({ auth: z.object({ client_token: z.string(), policies: z.array(z.string()) }) });

/** A Vault that is sealed or in standby says so with statuses of its own, all of them from 472 on. */
const judge = ({ status }: ApiAnswer): Verdict | undefined =>
  status === 404 || status === 400 ? "refused" : status === 472 || status === 473 ? "unavailable" : undefined;

function apiOf(fields: Fields, { providers }: TrialPorts, secret: string, headers: Record<string, string>) {
  const namespace = text(fields, "namespace");
  return providers
    .http({ title: "Vault", needs: "a token that is alive, with the policy default", secrets: [secret] })
    .withBase(
      `${text(fields, "address").replace(/\/$/, "")}/v1/`,
      { ...headers, ...(namespace ? { "x-vault-namespace": namespace } : {}) },
      { judge },
    );
}

const withPolicies = (policies: string[]) => (policies.length > 0 ? `, with the policies ${policies.join(", ")}` : "");

export const vaultTrial: Trial = async (fields, ports) => {
  const token = text(fields, "token");
  const { data } = await apiOf(fields, ports, token, { "x-vault-token": token }).get("auth/token/lookup-self", lookup);
  const end = data.expire_time ? `until ${data.expire_time}` : "for ever";
  return { detail: `The token is good ${end}${withPolicies(data.policies)}.`, repeats: true };
};

export const vaultAppRoleTrial: Trial = async (fields, ports) => {
  const secret_id = text(fields, "secret_id");
  const place = text(fields, "mount").split("/").map(encodeURIComponent).join("/");
  const { auth } = await apiOf(fields, ports, secret_id, {}).ask(
    "POST",
    `auth/${place}/login`,
    { role_id: text(fields, "role_id"), secret_id },
    login,
  );
  const token = auth.client_token;
  await apiOf(fields, ports, token, { "x-vault-token": token }).send("POST", "auth/token/revoke-self");
  return { detail: `The role makes tokens${withPolicies(auth.policies)}.`, repeats: false };
};
