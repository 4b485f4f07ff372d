/** What of set-up.mjs the tests use. */

/** Brings the database in the folder `data` up to date. */
export function migrate(data: string): Promise<void>;
