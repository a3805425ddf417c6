import { symmetricDecrypt, symmetricEncrypt } from "better-auth/crypto";
import { expect, test } from "vitest";
import { reencryptSecondFactors } from "../../src/auth/reencrypt.ts";
import { startTestApp } from "../harness/app.ts";
import { createPerson } from "../harness/client.ts";

const app = await startTestApp();
const one = { version: 1, value: "kd83hXq0Zm4vTn7RbLw2Yc9UfJ6sPe1A" };
const two = { version: 2, value: "Vt5mQz8nWr3bKx7cLp1dHs9fGj2aYe4T" };
const keyOf = (...ring: { version: number; value: string }[]) => ({
  keys: new Map(ring.map(({ version, value }) => [version, value])),
  currentVersion: ring[0]?.version ?? 0,
});

test("second factors move to the current secret, and those of a lost secret are told", async () => {
  const [kept, lost] = [await createPerson(app), await createPerson(app)];
  const seal = (key: ReturnType<typeof keyOf>, data: string) => symmetricEncrypt({ key, data });
  const { sql } = app.deps.database;
  for (const [person, key] of [
    [kept, keyOf(one)],
    [lost, keyOf({ version: 9, value: "gone-Vt5mQz8nWr3bKx7cLp1dHs9fGj2" })],
  ] as const)
    await sql`insert into two_factor (id, secret, backup_codes, user_id) values
      (${crypto.randomUUID()}, ${await seal(key, "SEED")}, ${await seal(key, '["a"]')}, ${person.userId})`;

  expect(await reencryptSecondFactors(app.deps.db, [two, one])).toEqual({ moved: 1, lost: 1 });
  const [row] = await sql`select secret, backup_codes from two_factor where user_id = ${kept.userId}`;
  expect(await symmetricDecrypt({ key: keyOf(two), data: row?.secret })).toBe("SEED");
  expect(await symmetricDecrypt({ key: keyOf(two), data: row?.backup_codes })).toBe('["a"]');
  expect(await reencryptSecondFactors(app.deps.db, [two, one])).toEqual({ moved: 0, lost: 1 });
});
