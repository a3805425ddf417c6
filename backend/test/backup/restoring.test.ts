import { appendFile, cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type Eraser, readErasures } from "../../src/backup/erasures.ts";
import { createDiskWorld } from "../files/world.ts";
import { ageKey, backups, emptyDatabase, emptyStore, temporaryFolder, textUploader } from "./places.ts";

const { app, home } = await createDiskWorld();
const { sql } = app.deps.database;
const { to, make, restore } = await backups(app);
const target = await emptyDatabase();
const storage = emptyStore();
const folder = temporaryFolder();
const upload = textUploader(app, home);

/** Nothing was written, and the next try finds an empty place. */
async function expectNothing(): Promise<void> {
  const tables =
    await target.owner`select 1 from pg_tables where schemaname = 'public' and tablename = 'user'`;
  if (tables.length > 0) expect(await target.owner`select 1 from "user"`).toEqual([]);
  for await (const { key: found } of storage.list("")) expect.unreachable(found);
}

const parts = ["public.user.copy.gz.age", "objects.ndjson.age", "pool.txt"];

describe("a restore", () => {
  let name = "";
  const into = { ownerUrl: target.ownerUrl, storage };
  beforeAll(async () => {
    await upload("a note");
    name = (await make()).name;
  });

  it.each(parts)("refuses a backup with another byte in %s, and writes nothing", async (file) => {
    const path = join(to, name, file);
    const bytes = await readFile(path);
    const changed = Buffer.from(bytes);
    changed.writeUInt8((changed.at(-1) ?? 0) ^ 1, changed.length - 1);
    await writeFile(path, changed);
    await expect(restore(name, into)).rejects.toThrow("was changed");
    await writeFile(path, bytes.subarray(1));
    await expect(restore(name, into)).rejects.toThrow("instead of");
    await writeFile(path, bytes);
    await expectNothing();
  });

  it("refuses the bytes of a file that were changed in the pool", async () => {
    const [pooled = ""] = (await readFile(join(to, name, "pool.txt"), "utf8")).split("\n");
    const path = join(to, "objects", pooled.slice(0, 3), pooled);
    const bytes = await readFile(path);
    const changed = Buffer.from(bytes);
    changed.writeUInt8((changed.at(-1) ?? 0) ^ 1, changed.length - 1);
    await writeFile(path, changed);
    await expect(restore(name, into)).rejects.toThrow();
    await writeFile(path, bytes);
    await expectNothing();
  });

  it("refuses another identity, and an identity file without one", async () => {
    const other = await ageKey();
    await expect(restore(name, { ...into, identities: other.identity })).rejects.toThrow("identity");
    await expect(restore(name, { ...into, identities: "# nothing\n" })).rejects.toThrow("no identity");
    await expectNothing();
  });

  it("refuses a backup of a later release", async () => {
    const later = join(folder, "later");
    await cp(join(to, name), later, { recursive: true });
    const manifest = JSON.parse(await readFile(join(later, "manifest.json"), "utf8"));
    manifest.migrations.push(Date.now());
    await writeFile(join(later, "manifest.json"), JSON.stringify(manifest));
    await expect(restore(name, { ...into, from: later })).rejects.toThrow("later release");
  });

  it("refuses a database with rows and a store with objects, and leaves both as they are", async () => {
    await expect(restore(name, { ...into, ownerUrl: app.database.ownerUrl })).rejects.toThrow("not empty");
    await expect(restore(name, { ...into, storage: app.deps.storage })).rejects.toThrow("not empty");
    expect((await sql`select 1 from "user"`).length).toBeGreaterThan(0);
    await expectNothing();
  });

  it("erases again what the ledger tells of, and refuses a ledger that it cannot follow", async () => {
    const ledger = join(folder, "erasures.ndjson");
    const { userId } = home.people.coach;
    const line = JSON.stringify({ kind: "person", id: userId, at: new Date().toISOString() });
    const erase: Eraser = async (tx, { id }) => {
      await tx.execute(`delete from "user" where id = '${id}'`);
    };
    await writeFile(ledger, `${line}\n`);
    await expect(readErasures(ledger, {})).rejects.toThrow(
      'Line 1 of the erasure ledger: this release cannot erase "person"',
    );
    const erasures = await readErasures(ledger, { person: erase });
    await appendFile(ledger, "{}\n");
    await expect(readErasures(ledger, { person: erase })).rejects.toThrow("Line 2");

    await restore(name, { ...into, erasures, erasers: { person: erase } });
    expect(await target.owner`select 1 from "user" where id = ${userId}`).toEqual([]);
    expect((await sql`select 1 from "user" where id = ${userId}`).length, "it was in the backup").toBe(1);
  });
});
