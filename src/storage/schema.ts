/** Every table of the D1 database. Instants are milliseconds since the epoch; columns named sealed_* hold sealed secrets. */
export * from "./tables/accounts";
export * from "./tables/acme-profiles";
export * from "./tables/acme-server";
export * from "./tables/audit";
export * from "./tables/authorities";
export * from "./tables/certificates";
export * from "./tables/credentials";
export * from "./tables/instances";
export * from "./tables/managed-challenges";
export * from "./tables/notifications";
export * from "./tables/settings";
export * from "./tables/zones";
