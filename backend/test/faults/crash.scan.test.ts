import type { Readable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import type { Verdict } from "../../src/adapters/scanner/port.ts";
import type { FilesDeps } from "../../src/features/files/files.deps.ts";
import { createFileScan } from "../../src/features/files/files.scan.ts";
import { createFilesService } from "../../src/features/files/files.service.ts";
import { documentOf, getFile } from "../files/client.ts";
import { document } from "../files/samples.ts";
import { call, uploadFile } from "../harness/client.ts";
import { auditOf } from "../scan/world.ts";
import { atEveryStep, crashWorld, expectNothingLeftOver, filesDeps, runUntil } from "./crash.world.ts";

const { app, tenant, boss, caller } = await crashWorld();
const { sql } = app.deps.database;
let problems: string[] = [];

beforeEach(() => {
  problems = [];
});

/** Jobs of a process whose scanner finds something in everything. */
const scanWith = (deps: FilesDeps) =>
  createFileScan({
    ...deps,
    scanning: {
      mode: "on",
      scanner: {
        async scan(bytes: Readable): Promise<Verdict> {
          for await (const _ of bytes);
          return { is: "infected", threat: "Some-Threat" };
        },
        check: async () => undefined,
      },
    },
  });

async function waiting(): Promise<string> {
  const { id } = await uploadFile(app, boss.token, document(3000), documentOf(tenant));
  await sql`update file set status = 'processing' where id = ${id}`;
  return id;
}

describe.each(["killed", "failed"] as const)("%s at any of its steps", (mishap) => {
  it("a scan is made again, puts the file away once, and says so once", async () => {
    const steps = await atEveryStep(mishap, async (point) => {
      const id = await waiting();
      const { survived, label } = await runUntil(app, point, (deps) =>
        scanWith(deps).handlers["file-scan"]({ fileId: id }),
      );
      const { json } = await getFile(app, boss.token, id);
      if (!["processing", "quarantined"].includes(json.status)) problems.push(`${label}: ${json.status}`);
      const { handlers } = scanWith(filesDeps(app));
      await Promise.all([1, 2].map(() => handlers["file-scan"]({ fileId: id })));
      const after = (await getFile(app, boss.token, id)).json.status;
      const told = (await auditOf(app, id)).filter(({ action }) => action === "file.quarantined").length;
      if (after !== "quarantined" || told !== 1) problems.push(`${label}: ${after}, told ${told} times`);
      return survived;
    });
    expect(steps).toBeGreaterThan(5);
    expect(problems).toEqual([]);
    await expectNothingLeftOver(app);
  });

  it("a release happens and is in the log, or neither", async () => {
    const steps = await atEveryStep(mishap, async (point) => {
      const id = await waiting();
      await sql`update file set status = 'quarantined', threat = 'x', scanned_at = now() where id = ${id}`;
      const { survived, label } = await runUntil(app, point, (deps) =>
        createFilesService({ ...deps, reads: app.deps.reads }).release(caller, id, undefined),
      );
      const { status } = (await getFile(app, boss.token, id)).json;
      const logged = (await auditOf(app, id)).filter(({ action }) => action === "file.released").length;
      if (logged !== (status === "ready" ? 1 : 0))
        problems.push(`${label}: ${status}, logged ${logged} times`);
      const again = await call(app, "POST", `/api/v1/files/${id}/release`, { token: boss.token });
      if (again.status !== (status === "ready" ? 409 : 200)) problems.push(`${label}: again ${again.status}`);
      return survived;
    });
    expect(steps).toBeGreaterThan(4);
    expect(problems).toEqual([]);
    await expectNothingLeftOver(app);
  });
});
