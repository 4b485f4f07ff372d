/** Where the private key of a version is sealed for: from the order that made it on, to its row in D1. */
export const privateKeyPlace = (versionId: string | undefined, ownerId: number): string =>
  `certificate_versions/${versionId}/private_key/${ownerId}`;
