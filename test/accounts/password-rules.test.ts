import { describe, expect, it } from "vitest";
import { commonPasswords } from "../../src/accounts/common-passwords";
import { weaknessOf } from "../../src/accounts/password-rules";

const ada = { username: "ada-lovelace", email: "countess@engines.example" };

describe("a password is refused", () => {
  it.each([
    ["one character over and over", "aaaaaaaaaaaaaa", "over and over"],
    ["one piece over and over", "abc1abc1abc1", "over and over"],
    ["a word twice", "hunter2hunter2", "over and over"],
    ["the alphabet", "abcdefghijklmnop", "keyboard"],
    ["digits, up and down", "12345678987654321", "keyboard"],
    ["digits past nine", "567890123456", "keyboard"],
    ["a row of the keyboard and digits", "qwertyuiop1234", "keyboard"],
    ["rows of the keyboard, in capitals", "QWERTYUIOPASDF", "keyboard"],
    ["a common one", "peanutbutter", "commonest"],
    ["a common one, in other case", "SanFrancisco", "commonest"],
    ["the user name and a year", "ada-lovelace1815", "your name"],
    ["the e-mail address", "countess@engines.example", "your name"],
    ["the local part and what is easy to add", "Countess!!!2024!", "your name"],
    ["the domain", "engines.example1", "your name"],
    ["certedge's name and little more", "certedge-certedge-1", "your name"],
    ["what it is", "My-Password-1234", "little more"],
  ])("for being %s", (_what, password, reason) => {
    const weakness = weaknessOf(password, ada);
    expect(weakness).toContain(reason);
    expect(weakness).not.toContain(password);
  });
});

describe("a password is taken", () => {
  it.each([
    ["words", "correct horse battery"],
    ["words with the own name among them", "ada-lovelace rides a bicycle"],
    ["what a password manager makes", "v7#Kq!mZ2xPd"],
    ["signs", "!?:-#*+~=.x;"],
    ["another script", "пароль из пяти слов"],
    ["a row with something of one's own", "qwerty and the seven seas"],
  ])("of %s", (_what, password) => {
    expect(weaknessOf(password, ada)).toBeUndefined();
  });
});

it("the list has what its file says: passwords that are long enough to be given, each once, in lower case", () => {
  expect(commonPasswords.size).toBe(201);
  for (const password of commonPasswords) {
    expect(password.length).toBeGreaterThanOrEqual(12);
    expect(password).toBe(password.toLowerCase());
  }
});
