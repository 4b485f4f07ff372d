import { expect, it } from "vitest";
import { remembered } from "../../src/dns/remembered";

it("finds out once for each key, also for those who ask at the same time", async () => {
  const asked: string[] = [];
  const find = remembered(async (key) => {
    asked.push(key);
    return key.toUpperCase();
  });
  expect(await Promise.all([find("a"), find("a"), find("b")])).toEqual(["A", "A", "B"]);
  expect(await find("a")).toBe("A");
  expect(asked).toEqual(["a", "b"]);
});

it("asks again after a failure", async () => {
  let tries = 0;
  const find = remembered(async () => {
    if (++tries === 1) throw new Error("not yet");
    return tries;
  });
  await expect(find("a")).rejects.toThrow("not yet");
  expect(await find("a")).toBe(2);
});
