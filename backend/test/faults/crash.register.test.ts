import { beforeEach, describe, expect, it } from "vitest";
import { createRegister } from "../../src/features/files/files.register.ts";
import { getFile, register, stream } from "../files/client.ts";
import { document, MIB, picture } from "../files/samples.ts";
import { call, createPerson } from "../harness/client.ts";
import type { Mishap } from "./crash.ts";
import {
  atEveryStep,
  callerOf,
  crashWorld,
  expectNothingLeftOver,
  expectSoundStore,
  fileIdOf,
  letTimePass,
  runUntil,
  staged,
  sweep,
} from "./crash.world.ts";

const { app, boss, caller, paper } = await crashWorld();
const { sql } = app.deps.database;
let problems: string[] = [];

beforeEach(() => {
  problems = [];
});

const leaseEnds = (storageKey: string) => sql`
  update upload_intent set claimed_at = claimed_at - interval '2 minutes' where storage_key = ${storageKey}`;

/** A file that is there must have its bytes. */
async function checkFile(id: string, bytes: Buffer, token: string, label: string): Promise<boolean> {
  const { status, json } = await getFile(app, token, id);
  if (status === 404) return false;
  if (json.status === "processing") return true;
  const served = await stream(app, token, id);
  if (served.status !== 200 || !served.bytes.equals(bytes))
    problems.push(`${label}: the file is there and answers ${served.status}, ${json.status}`);
  return true;
}

interface Scenario {
  readonly bytes: Buffer;
  readonly body: object;
  /** Statuses with which a repeated register may end where there is no file yet. */
  readonly ends: readonly number[];
  /** Whether there are clients that never come back, too. */
  readonly abandoned?: boolean;
}

/** At every step of a register; half of the clients come back after it, the others never. */
async function everywhere(
  mishap: Mishap,
  { bytes, body, ends, abandoned = true }: Scenario,
): Promise<number> {
  return atEveryStep(mishap, async (point) => {
    const runs = (abandoned ? [true, false] : [true]).map(async (comesBack) => {
      const storageKey = await staged(app, caller, bytes, { ...paper, ...body });
      const { survived, label } = await runUntil(app, point, (deps) =>
        createRegister(deps)(caller, { storageKey }),
      );
      const before = await checkFile(await fileIdOf(app, storageKey), bytes, boss.token, label);
      if (!comesBack) return survived;
      const soon = await register(app, boss.token, storageKey);
      if (soon.status >= 500) problems.push(`${label}: a repeat at once is ${soon.status}`);
      await leaseEnds(storageKey);
      const again = soon.status === 404 ? await register(app, boss.token, storageKey) : soon;
      const after = await checkFile(await fileIdOf(app, storageKey), bytes, boss.token, label);
      const allowed = before || survived ? [404] : ends;
      if (!allowed.includes(again.status))
        problems.push(`${label}: a repeat is ${again.status} ${again.json.detail}`);
      if (again.status === 201 && !after) problems.push(`${label}: acknowledged and lost`);
      if (before && !after) problems.push(`${label}: the file was there and is lost`);
      return survived;
    });
    return (await Promise.all(runs)).every(Boolean);
  });
}

async function afterwards(): Promise<void> {
  expect(problems).toEqual([]);
  await letTimePass(app);
  await sweep(app);
  await expectNothingLeftOver(app);
  await expectSoundStore(app);
}

describe.each(["killed", "failed"] as const)("a register %s at any of its steps", (mishap) => {
  it("loses no file, can be repeated, and leaves no bytes that nobody owns", async () => {
    const steps = await everywhere(mishap, { bytes: document(3000), body: {}, ends: [201] });
    expect(steps).toBeGreaterThan(8);
    await afterwards();
  });

  it("is repeated to a clear refusal when the digest is wrong", async () => {
    const body = { sha256: "0".repeat(64) };
    // 404 once the refusal was written down.
    const steps = await everywhere(mishap, { bytes: document(3000), body, ends: [422, 404] });
    expect(steps).toBeGreaterThan(6);
    await afterwards();
  });

  it("keeps a file that is too large to be checked at once", async () => {
    const steps = await everywhere(mishap, {
      bytes: document(16 * MIB + 1),
      body: {},
      ends: [201],
      abandoned: false,
    });
    expect(steps).toBeGreaterThan(5);
    await afterwards();
  }, 60_000);

  it("leaves a person with the old avatar or the new one, never with none", async () => {
    const person = await createPerson(app);
    const owner = await callerOf(app, person);
    const avatar = { target: "avatar", fileName: "a.png", contentType: "image/png" } as const;
    const first = await staged(app, owner, picture(), avatar);
    expect((await register(app, person.token, first)).status).toBe(201);
    await atEveryStep(mishap, async (point) => {
      const bytes = picture();
      const storageKey = await staged(app, owner, bytes, avatar);
      const { survived, label } = await runUntil(app, point, (deps) =>
        createRegister(deps)(owner, { storageKey }),
      );
      await checkFile(await fileIdOf(app, storageKey), bytes, person.token, label);
      const { avatarFileId } = (await call(app, "GET", "/api/v1/me", { token: person.token })).json;
      const served = await stream(app, person.token, String(avatarFileId));
      if (served.status !== 200) problems.push(`${label}: the avatar of /me is ${served.status}`);
      return survived;
    });
    await afterwards();
  }, 60_000);
});
