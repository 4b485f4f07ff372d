/** The built-in CA for outside ACME clients, and its root. */
import { api } from "../api";

export const acme = api();

acme.all("/acme/builtin/*", (c) => c.var.services.builtinCa.fetch(c.req.raw));

acme.get("/ca/root.pem", async (c) =>
  c.body(await c.var.services.builtinCa.rootPem(), 200, {
    "content-type": "application/x-pem-file",
    "content-disposition": 'attachment; filename="certedge-root.pem"',
  }),
);
