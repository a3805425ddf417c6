import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { FilesDeps } from "../../src/features/files/files.deps.ts";
import { createMultipart } from "../../src/features/files/files.multipart.ts";
import { createRegister } from "../../src/features/files/files.register.ts";
import { documentOf, stream } from "../files/client.ts";
import { abort, complete, start, uploadInParts } from "../files/multipart.ts";
import { document } from "../files/samples.ts";
import {
  atEveryStep,
  crashWorld,
  expectNothingLeftOver,
  expectSoundStore,
  letTimePass,
  runUntil,
  sweep,
} from "./crash.world.ts";

const { app, tenant, boss, caller } = await crashWorld();
const { sql } = app.deps.database;
const bytes = document(3000);
const paper = documentOf(tenant);
const multipart = (deps: FilesDeps) => createMultipart(deps, createRegister(deps));
let problems: string[] = [];

beforeEach(() => {
  problems = [];
});

const leaseEnds = (uploadId: string) => sql`
  update upload_intent set claimed_at = claimed_at - interval '2 minutes' where id = ${uploadId}`;

/** Of all that was begun nothing is left but the files there are. */
async function afterwards(): Promise<void> {
  expect(problems).toEqual([]);
  await letTimePass(app);
  const folder = join(app.config.dataDir, "files", "multipart");
  const hoursAgo = Date.now() / 1000 - 2 * 3600;
  for (const upload of readdirSync(folder)) utimesSync(join(folder, upload, "key"), hoursAgo, hoursAgo);
  await sweep(app);
  expect(readdirSync(folder)).toEqual([]);
  await expectNothingLeftOver(app);
  await expectSoundStore(app);
}

describe.each(["killed", "failed"] as const)("of an upload in parts, %s at any of its steps", (mishap) => {
  it("a start leaves nothing that the sweep would not find", async () => {
    const steps = await atEveryStep(mishap, async (point) => {
      const { survived } = await runUntil(app, point, (deps) =>
        multipart(deps).start(caller, { ...paper, size: bytes.length } as never),
      );
      return survived;
    });
    expect(steps).toBeGreaterThan(4);
    expect((await start(app, boss.token, { ...paper, size: bytes.length })).status).toBe(201);
    await afterwards();
  });

  it("a complete ends as one file when it is repeated, and loses none", async () => {
    const steps = await atEveryStep(mishap, async (point) => {
      const { uploadId } = await uploadInParts(app, boss.token, bytes, paper);
      const { survived, label } = await runUntil(app, point, (deps) =>
        multipart(deps).complete(caller, uploadId),
      );
      const soon = await complete(app, boss.token, uploadId);
      if (![201, 409].includes(soon.status)) problems.push(`${label}: a repeat at once is ${soon.status}`);
      await leaseEnds(uploadId);
      const [again, twice] = await Promise.all([
        complete(app, boss.token, uploadId),
        complete(app, boss.token, uploadId),
      ]);
      const last = await complete(app, boss.token, uploadId);
      if (last.status !== 201) problems.push(`${label}: a repeat is ${last.status} ${last.json.detail}`);
      for (const answer of [soon, again, twice])
        if (answer.status === 201 && answer.json.id !== last.json.id) problems.push(`${label}: two files`);
      const served = await stream(app, boss.token, last.json.id);
      if (!served.bytes.equals(bytes)) problems.push(`${label}: the file is ${served.status}`);
      return survived;
    });
    expect(steps).toBeGreaterThan(10);
    await afterwards();
  });

  it("an abort can be repeated, and no part stays", async () => {
    const steps = await atEveryStep(mishap, async (point) => {
      const { uploadId } = await uploadInParts(app, boss.token, bytes, paper);
      const { survived, label } = await runUntil(app, point, (deps) =>
        multipart(deps).abort(caller, uploadId),
      );
      await leaseEnds(uploadId);
      const again = await abort(app, boss.token, uploadId);
      if (![204, 404].includes(again.status)) problems.push(`${label}: a repeat is ${again.status}`);
      const after = await complete(app, boss.token, uploadId);
      if (after.status !== 404) problems.push(`${label}: complete is ${after.status} after it`);
      return survived;
    });
    expect(steps).toBeGreaterThan(5);
    await afterwards();
  });
});

it("twenty aborts at a time are one, and the others are told that it is gone", async () => {
  const { uploadId } = await uploadInParts(app, boss.token, bytes, paper);
  const answers = await Promise.all(Array.from({ length: 20 }, () => abort(app, boss.token, uploadId)));
  expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(19).fill(404)]);
  await afterwards();
});
