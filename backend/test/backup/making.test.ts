import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { backupNames } from "../../src/backup/layout.ts";
import { createDatabase } from "../../src/db/client.ts";
import { createDiskWorld } from "../files/world.ts";
import { backups, textUploader } from "./places.ts";

const { app, home } = await createDiskWorld();
const { sql } = app.deps.database;
const { to, key, make } = await backups(app);
const upload = textUploader(app, home);

describe("a backup", () => {
  it("counts for nothing when its process is killed, and the next one clears it away", async () => {
    const before = await backupNames(to);
    // Holds the copy of the rows up, for as long as it takes, so that the process dies in the middle of it.
    const lock = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const blocker = createDatabase(app.database.ownerUrl, { patient: true });
    const blocking = blocker.db.transaction(async (tx) => {
      await tx.execute(`lock table "user" in access exclusive mode`);
      held.resolve();
      await lock.promise;
    });
    await held.promise;
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL("../../src/coachctl.ts", import.meta.url)), "backup", "--to", to],
      {
        env: {
          NODE_ENV: "test",
          DATABASE_URL: app.database.appUrl,
          DATA_DIR: app.config.dataDir,
          BACKUP_RECIPIENT: key.recipient,
        },
      },
    );
    const ended = once(child, "exit");
    const errors: string[] = [];
    child.stderr.on("data", (chunk) => errors.push(String(chunk)));
    try {
      await vi.waitFor(
        async () => {
          const waiting = await sql`
            select 1 from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like 'copy %'`;
          expect(waiting, errors.join("")).toHaveLength(1);
        },
        { timeout: 30_000 },
      );
    } finally {
      child.kill("SIGKILL");
      await ended;
      lock.resolve();
      await blocking;
      await blocker.close();
    }
    expect(await backupNames(to)).toEqual(before);
    expect((await readdir(to)).filter((entry) => entry.startsWith(".partial-"))).toHaveLength(1);

    await vi.waitFor(() => make(), { timeout: 15_000 });
    expect((await readdir(to)).filter((entry) => entry.startsWith(".partial-"))).toEqual([]);
    expect(await backupNames(to)).toHaveLength(before.length + 1);
  });

  it("is refused while another one is being made", async () => {
    let second: Promise<unknown> | undefined;
    const slow: Pick<StoragePort, "read"> = {
      read: async (object) => {
        second ??= make();
        await expect(second).rejects.toThrow("Another backup");
        return app.deps.storage.read(object);
      },
    };
    await upload("read by the slow one");
    await make({ storage: slow });
    expect(second).toBeDefined();
  });

  it("begins again when a file goes between its row and its bytes", async () => {
    const file = await upload("soon gone");
    const object = `objects/${home.organizationId}/${file.id}`;
    let looks = 0;
    const racing: Pick<StoragePort, "read"> = {
      read: async (asked) => {
        if (asked !== object) return app.deps.storage.read(asked);
        looks += 1;
        // The first look is before the snapshot.
        if (looks === 2) await sql`delete from file where id = ${file.id}`;
        return null;
      },
    };
    const { manifest, name } = await make({ storage: racing });
    expect(looks).toBe(2);
    expect(manifest.objects.missing).toBe(0);
    const [now] = await sql`select count(*)::int as n from file`;
    expect(manifest.tables.find((table) => table.name === "file")?.rows, "a later snapshot").toBe(now?.n);
    expect((await readFile(join(to, name, "pool.txt"), "utf8")).split("\n").length - 1).toBe(
      manifest.objects.count,
    );
  });

  it("says which bytes the store has lost, and holds everything else", async () => {
    const file = await upload("lost for good");
    await app.deps.storage.delete(`objects/${home.organizationId}/${file.id}`);
    expect((await make()).manifest.objects.missing).toBe(1);
    await sql`delete from file where id = ${file.id}`;
  });

  it("keeps the newest so many good ones, and of the bytes what those need", async () => {
    const file = await upload("of an old backup only");
    const { manifest: old } = await make();
    await sql`delete from file where id = ${file.id}`;
    const pooled = async () =>
      (await readdir(join(to, "objects"), { recursive: true })).filter((n) => n.endsWith(".age"));
    expect(await pooled()).toHaveLength(old.objects.count);

    const broken = join(to, "2001-01-01T00-00-00-000Z");
    await mkdir(broken);
    const withBroken = await make({ keep: 2 });
    expect(withBroken.unreadable).toEqual(["2001-01-01T00-00-00-000Z"]);
    expect(await backupNames(to)).toHaveLength(3);
    await rm(broken, { recursive: true });

    const { name, manifest } = await make({ keep: 1 });
    expect(await backupNames(to)).toEqual([name]);
    expect(manifest.objects.count).toBe(old.objects.count - 1);
    expect(await pooled()).toHaveLength(manifest.objects.count);
  });

  it("says nothing in the open of whose files it holds", async () => {
    const files = await sql`select id from file`;
    expect(files.length).toBeGreaterThan(0);
    for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const text = `${path}${await readFile(path, "latin1")}`;
      for (const secret of [home.organizationId, home.people.coach.email, ...files.map(({ id }) => id)])
        expect(text.includes(secret), path).toBe(false);
    }
  });
});
