import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { me, newAccount, signIn } from "./account.ts";

// Better-auth is asked through one router, whose context all requests share.
const app = await startTestApp({ worker: false });

test("many people at once, some with a wrong password and some signing out, get nobody else's session", async () => {
  const people = [];
  for (let n = 0; n < 10; n++) people.push(await newAccount(app));
  const results = await Promise.all(
    people.flatMap((person) => [
      signIn(app, person.email).then(async ({ status, json, headers }) => {
        expect([status, json.user.id]).toEqual([200, person.userId]);
        expect(headers.get("set-auth-token")).toBe(json.token);
        expect((await me(app, json.token)).json.id).toBe(person.userId);
        return json.token as string;
      }),
      signIn(app, person.email, "a wrong guess").then(({ status, headers }) => {
        expect([status, headers.get("set-auth-token")]).toEqual([401, null]);
        return "refused";
      }),
      call(app, "POST", "/api/auth/sign-out", { token: person.token, body: {} }).then(async ({ status }) => {
        expect(status).toBe(200);
        expect((await me(app, person.token)).status).toBe(401);
        return "out";
      }),
    ]),
  );
  const tokens = results.filter((result) => result !== "refused" && result !== "out");
  expect(new Set(tokens).size).toBe(people.length);
});
test("a password that is proven belongs to whoever is asked", async () => {
  const [one, other] = [await newAccount(app), await newAccount(app)];
  const stepUp = (token: string, secret: string) =>
    call(app, "POST", "/api/v1/me/step-up", { token, body: { password: secret } });
  const answers = await Promise.all(
    [one, other].flatMap(({ token }) => [stepUp(token, password), stepUp(token, "a wrong guess")]),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 403, 200, 403]);
});
