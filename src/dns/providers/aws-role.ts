/** Another account's role in place of one's own rights: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
import { z } from "zod";
import type { ProviderHttp, Token } from "../http";
import { type AwsKeys, signAws } from "../sigv4";
import { parseXml, textAt } from "../xml";
import { element, judge, messagesOf } from "./aws-answers";

export interface AwsRole {
  arn: string;
  /** What the role's owner wants to hear from whom they let in. */
  externalId: string | undefined;
}

const session = z.object({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1),
  expires: z.number(),
});

/** Shown in the log of the role's account. */
const SESSION_NAME = "certedge";
/** Seconds; the longest for a role that is assumed from another one. */
const LIFETIME = 3_600;

/** Gives keys for an hour, and says when they end. */
export async function assumeRole(
  http: ProviderHttp,
  { arn, externalId }: AwsRole,
  keys: AwsKeys,
  region: string,
): Promise<Token & { keys: AwsKeys }> {
  const suffix = region.startsWith("cn-") ? ".cn" : "";
  const sts = http.withBase(
    `https://sts.${region}.amazonaws.com${suffix}`,
    {},
    {
      judge,
      explain: messagesOf,
      parse: parseXml,
      sign: (request) => signAws(request, keys, { region, service: "sts" }, http.now()),
    },
  );
  const form = new URLSearchParams({
    Action: "AssumeRole",
    Version: "2011-06-15",
    RoleArn: arn,
    RoleSessionName: SESSION_NAME,
    DurationSeconds: String(LIFETIME),
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
  });
  const { expires, ...assumed } = await sts.ask("POST", "", form, session, {
    repeatable: true,
    read: ({ body }) => {
      const root = element("AssumeRoleResponse").safeParse(body).data;
      const told = (name: string) => root && textAt(root, "AssumeRoleResult", "Credentials", name);
      return {
        accessKeyId: told("AccessKeyId"),
        secretAccessKey: told("SecretAccessKey"),
        sessionToken: told("SessionToken"),
        expires: Date.parse(told("Expiration") ?? ""),
      };
    },
  });
  return { keys: assumed, headers: {}, secrets: [assumed.secretAccessKey, assumed.sessionToken], expires };
}
