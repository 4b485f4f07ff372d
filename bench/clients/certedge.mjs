/** certedge as an ACME client: a certificate asked for over its API, with the TXT values in its built-in zone. */

export const title = "certedge";

export async function open({ certedge }, directoryUrl) {
  const { api } = await certedge();
  const account = { name: `at ${directoryUrl}`, authority: "custom", directory_url: directoryUrl };
  const made = await api.post("/api/ca/accounts", account);
  if (made.json?.status !== "registered") throw new Error(`The CA account was not registered: ${made.text}`);
  return { order: (names) => orderWith(api, made.json.id, names) };
}

/** From the request to the answer that has the certificate's state; gives the order with its steps. */
export async function orderWith(api, caAccountId, [domain, ...others]) {
  const wanted = { domain, san_domains: others, ca_account_id: caAccountId };
  const { json, text } = await api.post("/api/certificates/create?wait=120", wanted);
  if (json?.order?.state !== "valid") throw new Error(`The order failed: ${text}`);
  return json.order;
}
