import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { answer, challenge, type Enrolled, newEnrolled } from "./authenticator.ts";

const app = await startTestApp({ worker: false });
const attempts = 20;

type Factor = "totp" | "backup-code";
type Answer = Awaited<ReturnType<typeof call>>;

/** Who presents a code where, any number of times at once. */
type Door = (person: Enrolled, code: string, factor: Factor, times: number) => Promise<readonly Answer[]>;

const together = <T>(times: number, work: () => Promise<T>) =>
  Promise.all(Array.from({ length: times }, work));

const signIn: Door = async ({ email }, code, factor, times) => {
  const pending = await together(times, () => challenge(app, email));
  return Promise.all(pending.map((one) => answer(app, one, code, { factor })));
};

const oneChallenge: Door = async ({ email }, code, factor, times) => {
  const pending = await challenge(app, email);
  return together(times, () => answer(app, pending, code, { factor }));
};

const stepUp: Door = ({ token }, code, _, times) =>
  together(times, () => call(app, "POST", "/api/v1/me/step-up", { token, body: { code } }));

const disable: Door = ({ token }, code, _, times) =>
  together(times, () =>
    call(app, "POST", "/api/auth/two-factor/disable", { token, body: { password, code } }),
  );

const backupCodes: Door = ({ token }, code, _, times) =>
  together(times, () =>
    call(app, "POST", "/api/auth/two-factor/generate-backup-codes", { token, body: { password, code } }),
  );

const everywhere: Door = async (person, code, factor, times) =>
  (await Promise.all([signIn, stepUp].map((door) => door(person, code, factor, times / 2)))).flat();

const doors: Record<string, Door> = {
  "a sign-in each": signIn,
  "one and the same sign-in": oneChallenge,
  "a step-up": stepUp,
  "turning it off": disable,
  "making backup codes": backupCodes,
  "sign-ins and step-ups": everywhere,
};

for (const factor of ["totp", "backup-code"] as const)
  test.each(Object.entries(doors))(
    `a ${factor} that is presented ${attempts} times at once opens once: %s`,
    async (_, door) => {
      const person = await newEnrolled(app);
      const code = factor === "totp" ? await person.device.code() : (person.backupCodes[0] ?? "");
      const statuses = (await door(person, code, factor, attempts)).map(({ status }) => status).sort();
      expect(
        statuses.filter((status) => status === 200),
        `${statuses}`,
      ).toHaveLength(1);
      for (const status of statuses) expect([200, 400, 401, 403, 409, 429]).toContain(status);
    },
  );

test.each(["totp", "backup-code"] as const)("a %s is not taken a second time later on", async (factor) => {
  const person = await newEnrolled(app);
  const code = factor === "totp" ? await person.device.code() : (person.backupCodes[0] ?? "");
  const once = async () => (await signIn(person, code, factor, 1)).map(({ status }) => status);
  expect([await once(), await once()]).toEqual([[200], [401]]);
});
