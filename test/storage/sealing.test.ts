import { describe, expect, it } from "vitest";
import { createSealer } from "../../src/storage/sealing";

const keyOf = (byte: number, size = 32) => Buffer.alloc(size, byte).toString("base64");
const PLACE = "certificate_versions/7/private_key/owner-1";
const SECRET = "-----BEGIN PRIVATE KEY-----\nwhat nobody is to read\n";

const sealer = createSealer(`k1:${keyOf(1)}`);

describe("A sealed secret", () => {
  it.each(["", "a", SECRET, "päßwörd \u{1f511}", "\ufeffwith a mark in front", "\u0000", "x".repeat(100_000)])(
    "opens at its place as it was (%#)",
    async (secret) => {
      expect(await sealer.open(await sealer.seal(secret, PLACE), PLACE)).toBe(secret);
    },
  );

  it("shows nothing of itself, and is another text each time", async () => {
    const sealed = await Promise.all(Array.from({ length: 20 }, () => sealer.seal(SECRET, PLACE)));
    expect(new Set(sealed.flatMap((text) => text.split(".").slice(2))).size).toBe(40);
    for (const text of sealed) {
      expect(text).toMatch(/^s1\.k1\.[A-Za-z0-9_-]{80}\.[A-Za-z0-9_-]+$/);
      expect(Buffer.from(text.split(".")[3] ?? "", "base64url").toString("latin1")).not.toContain("nobody");
    }
  });

  it.each([
    ["another row", PLACE.replace("7", "8")],
    ["another column", PLACE.replace("private_key", "notes")],
    ["another owner", PLACE.replace("owner-1", "owner-2")],
    ["another table", PLACE.replace("certificate_versions", "certificates")],
    ["no place", ""],
  ])("does not open after it was moved to %s", async (_, place) => {
    await isClosed(sealer.open(await sealer.seal(SECRET, PLACE), place), place);
  });

  it("does not open with a data key or a ciphertext of another secret of the same place", async () => {
    const [a, b] = await Promise.all(
      ["first", "second"].map(async (text) => (await sealer.seal(text, PLACE)).split(".")),
    );
    if (!a || !b) throw new Error("unreachable");
    await isClosed(sealer.open([...a.slice(0, 3), b[3]].join("."), PLACE));
    await isClosed(sealer.open([a[0], a[1], b[2], a[3]].join("."), PLACE));
    await isClosed(sealer.open([a[0], a[1], a[3], a[2]].join("."), PLACE));
  });

  it("does not open after a change of any of its bytes", async () => {
    const parts = (await sealer.seal("ab", PLACE)).split(".");
    for (const part of [2, 3]) {
      const bytes = Buffer.from(parts[part] ?? "", "base64url");
      for (const at of bytes.keys()) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ 1;
        await isClosed(sealer.open(parts.with(part, changed.toString("base64url")).join("."), PLACE));
      }
      await isClosed(sealer.open(parts.with(part, bytes.subarray(0, -1).toString("base64url")).join("."), PLACE));
      await isClosed(sealer.open(parts.with(part, bytes.subarray(0, 5).toString("base64url")).join("."), PLACE));
    }
  });

  it("does not open with another key of the same id", async () => {
    await isClosed(createSealer(`k1:${keyOf(2)}`).open(await sealer.seal(SECRET, PLACE), PLACE));
  });

  it.each([
    ["nothing", ""],
    ["its own plain text", SECRET],
    ["another version", "s2.k1.AAAA.AAAA"],
    ["one with a part missing", "s1.k1.AAAA"],
    ["one with an empty part", "s1.k1..AAAA"],
  ])("is not %s", async (_, stored) => {
    await expect(sealer.open(stored, PLACE)).rejects.toMatchObject({
      name: "SealingError",
      message: `What is stored at ${PLACE} is not a sealed secret.`,
    });
  });

  it("has nothing behind its end", async () => {
    const sealed = await sealer.seal(SECRET, PLACE);
    await expect(sealer.open(`${sealed}.AAAA`, PLACE)).rejects.toThrow("is not a sealed secret");
  });

  it("that is no base64 is refused", async () => {
    await expect(sealer.open("s1.k1.!.AAAA", PLACE)).rejects.toMatchObject({ name: "SealingError" });
  });
});

describe("The ring of keys", () => {
  it("opens by any of its keys what an older first one sealed, and seals by its first", async () => {
    const old = await sealer.seal(SECRET, PLACE);
    const rotated = createSealer(` k2:${keyOf(2)} , k1:${keyOf(1)}`);
    expect(await rotated.open(old, PLACE)).toBe(SECRET);
    const fresh = await rotated.seal(SECRET, PLACE);
    expect(fresh).toMatch(/^s1\.k2\./);
    expect(await createSealer(`k2:${keyOf(2)}`).open(fresh, PLACE)).toBe(SECRET);
    await expect(sealer.open(fresh, PLACE)).rejects.toMatchObject({
      name: "SealingError",
      message: 'ENCRYPTION_KEYS holds no key "k2", under which this secret was sealed.',
    });
  });

  it("does not open by one of its keys what another sealed, whatever the text says", async () => {
    const rotated = createSealer(`k2:${keyOf(2)},k1:${keyOf(1)}`);
    await isClosed(rotated.open((await sealer.seal(SECRET, PLACE)).replace("s1.k1.", "s1.k2."), PLACE));
  });

  it("may be in base64url as well", async () => {
    const url = createSealer(`k1:${Buffer.alloc(32, 0xfb).toString("base64url")}`);
    const plain = createSealer(`k1:${keyOf(0xfb)}`);
    expect(await url.open(await plain.seal(SECRET, PLACE), PLACE)).toBe(SECRET);
  });

  it.each([
    ["empty", "", 'has to be "id:base64 of 32 bytes"'],
    ["without an id", keyOf(1), 'has to be "id:base64 of 32 bytes"'],
    ["with an empty id", `:${keyOf(1)}`, 'has to be "id:base64 of 32 bytes"'],
    ["with an id that would break the sealed text", `k.1:${keyOf(1)}`, 'has to be "id:base64 of 32 bytes"'],
    ["with a comma at its end", `k1:${keyOf(1)},`, 'has to be "id:base64 of 32 bytes"'],
    ["with a key that is short", `k1:${keyOf(1, 16)}`, 'The key "k1" in ENCRYPTION_KEYS has to be 32 bytes long.'],
    ["with a key that is long", `k1:${keyOf(1)},k2:${keyOf(1, 33)}`, 'The key "k2" in ENCRYPTION_KEYS'],
    ["with a key that is no base64", "k1:!!!!", "is not base64"],
    ["with an id twice", `k1:${keyOf(1)},k1:${keyOf(2)}`, 'The key "k1" is there twice in ENCRYPTION_KEYS.'],
  ])("is refused when it is %s, without telling the key", (_, ring, message) => {
    const making = () => createSealer(ring);
    expect(making).toThrow(
      expect.objectContaining({ name: "SealingError", message: expect.stringContaining(message) }),
    );
    expect(making).not.toThrow(keyOf(1));
  });
});

const isClosed = (opening: Promise<string>, place = PLACE) =>
  expect(opening).rejects.toMatchObject({
    name: "SealingError",
    message: `The secret at ${place} does not open: it was changed, moved, or sealed under another key.`,
  });
