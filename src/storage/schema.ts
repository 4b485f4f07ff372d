/** Every table of the D1 database. Instants are milliseconds since the epoch; columns named sealed_* hold sealed secrets. */
export * from "./tables/accounts";
export * from "./tables/acme-server";
export * from "./tables/audit";
export * from "./tables/certificates";
export * from "./tables/zones";
