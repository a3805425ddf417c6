import { v7 as uuidv7 } from "uuid";
import { beforeEach, describe, expect, it } from "vitest";
import type { ListedObject, StoragePort } from "../../src/adapters/storage/port.ts";
import { checkFiles } from "../../src/coachctl/files.ts";
import { findMissing } from "../../src/features/files/files.missing.ts";
import { removeOrphans, takeStock } from "../../src/features/files/files.orphans.ts";
import { createStoreSweep } from "../../src/features/files/files.sweep.ts";
import { startTestApp } from "../harness/app.ts";
import { createTenant, uploadFile } from "../harness/client.ts";
import { documentOf, objectKeys, upload } from "./client.ts";
import { pdf, picture } from "./samples.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const { db, storage } = app.deps;
const tenant = await createTenant(app);
const { organizationId } = tenant;
const { token, userId } = tenant.people.org_admin;
const day = 24 * 60 * 60 * 1000;
const logged: { details: object; message: string }[] = [];
const log = {
  info: (details: object, message: string) => void logged.push({ details, message }),
  error: (details: object, message: string) => void logged.push({ details, message }),
};

beforeEach(async () => {
  logged.length = 0;
  await sql`delete from upload_intent`;
  await sql`delete from file`;
  for (const key of await objectKeys(app)) await storage.delete(key);
});

/** The store with everything in it two days older than it is. */
const aged: StoragePort = {
  ...storage,
  async *list(prefix) {
    for await (const object of storage.list(prefix))
      yield { ...object, lastModified: new Date(object.lastModified.getTime() - 2 * day) };
  },
};

/** The sweep, long after every register was over. */
async function sweep(over: Partial<StoragePort> = {}): Promise<void> {
  await sql`delete from upload_intent where used_at is not null`;
  await createStoreSweep({ db, storage: { ...aged, ...over } }, log).run();
}

async function put(key: string): Promise<string> {
  await storage.put(key, pdf, { contentType: "application/pdf", size: pdf.length });
  return key;
}

const orphan = () => put(`objects/${organizationId}/${uuidv7()}`);
const fileOf = async (body: object = documentOf(tenant), bytes: Buffer = pdf) =>
  uploadFile(app, token, bytes, body as Record<string, unknown>);

describe("the daily sweep", () => {
  it("removes objects that no row leads to, and nothing else", async () => {
    const { id } = await fileOf();
    const avatar = await fileOf({ target: "avatar", fileName: "a.png", contentType: "image/png" }, picture());
    const kept = [
      `objects/${organizationId}/${id}`,
      await put(`objects/${organizationId}/${id}.256.webp`),
      ...["", ".64.webp", ".256.webp", ".1024.webp"].map((end) => `objects/${userId}/${avatar.id}${end}`),
      await put("objects/readme.txt"),
      await put(`objects/${organizationId}/not-an-id`),
      await put(`elsewhere/${uuidv7()}`),
    ];
    await orphan();
    await put(`objects/${organizationId}/${uuidv7()}.256.webp`);
    // Somebody else's folder: nothing leads there.
    await put(`objects/${uuidv7()}/${id}`);
    await sweep();
    const left = (await objectKeys(app)).filter((key) => !key.startsWith("staging/"));
    expect(left.sort()).toEqual(kept.sort());
    expect(logged).toMatchObject([{ message: "store swept", details: { orphans: 3, removed: 3 } }]);
  });

  it("leaves alone what is younger than a day", async () => {
    const key = await orphan();
    await sweep({ list: storage.list });
    expect(await objectKeys(app, "objects/")).toEqual([key]);
  });

  it("leaves alone what a register is about to refer to", async () => {
    const { storageKey } = await upload(app, token, pdf, documentOf(tenant));
    const [intent] = await sql`
      update upload_intent set claimed_at = now() where storage_key = ${storageKey} returning file_id`;
    const key = await put(`objects/${organizationId}/${intent?.file_id}`);
    await sweep();
    expect(await objectKeys(app, "objects/")).toEqual([key]);
  });

  it("takes the bytes of what was rejected, and of nothing in quarantine", async () => {
    const rejected = await fileOf();
    const quarantined = await fileOf();
    await sql`update file set status = 'rejected' where id = ${rejected.id}`;
    await sql`update file set status = 'quarantined' where id = ${quarantined.id}`;
    await sweep();
    expect(await objectKeys(app, "objects/")).toEqual([`objects/${organizationId}/${quarantined.id}`]);
  });

  it("asks again before it removes: a row that came meanwhile keeps its bytes", async () => {
    const id = uuidv7();
    await put(`objects/${organizationId}/${id}`);
    const { keys } = await takeStock({ db, storage: aged });
    await sql`insert into file (id, target, organization_id, file_name, declared_type, content_type, size, uploaded_by, status)
      values (${id}, 'organizationFile', ${organizationId}, 'a', 'a/b', 'a/b', 1, ${userId}, 'ready')`;
    expect(keys).toHaveLength(1);
    expect(await removeOrphans({ db, storage }, keys)).toBe(0);
  });

  it("removes nothing, and says so, when most of the store seems to be nobody's", async () => {
    const { id } = await fileOf();
    for (let i = 0; i < 21; i++) await orphan();
    await sweep();
    expect(await objectKeys(app, "objects/")).toHaveLength(22);
    expect(logged).toMatchObject([
      { message: expect.stringContaining("nothing removed"), details: { orphans: 21 } },
    ]);
    expect((await sql`select id from file`)[0]?.id).toBe(id);
  });

  it("removes nothing when the database does not answer", async () => {
    const key = await orphan();
    const broken = { ...db, execute: () => Promise.reject(new Error("gone")) } as unknown as typeof db;
    await expect(createStoreSweep({ db: broken, storage: aged }, log).run()).rejects.toThrow("gone");
    expect(await objectKeys(app, "objects/")).toEqual([key]);
  });

  it("goes through any number of objects in statements of 500, and removes at most 10 000", async () => {
    const removed: string[] = [];
    const objects = 30_000;
    const list = async function* (): AsyncGenerator<ListedObject> {
      for (let i = 0; i < objects; i++)
        yield { key: `objects/${organizationId}/${uuidv7()}`, size: 1, lastModified: new Date(0) };
    };
    app.statements.length = 0;
    const store = { ...storage, list, delete: async (key: string) => void removed.push(key) };
    const stock = await takeStock({ db, storage: store });
    expect(stock).toMatchObject({ objects, orphans: objects });
    expect(stock.keys).toHaveLength(10_000);
    expect(app.statements).toHaveLength(objects / 500);
  });
});

describe("files without bytes", () => {
  const ready = async () => (await fileOf()).id as string;

  it("are told by id: gone, or of another length, in quarantine too; not what has no bytes yet", async () => {
    const [whole, gone, short, hidden, processing] = [
      await ready(),
      await ready(),
      await ready(),
      await ready(),
      await ready(),
    ];
    const keyOf = (id: string) => `objects/${organizationId}/${id}`;
    for (const id of [gone, hidden, processing]) await storage.delete(keyOf(id));
    await storage.put(keyOf(short), Buffer.from("x"), { contentType: "application/pdf", size: 1 });
    await sql`update file set status = 'quarantined' where id = ${hidden}`;
    await sql`update file set status = 'processing' where id = ${processing}`;
    const loss = await findMissing({ db, storage });
    expect({ ...loss, ids: loss.ids.toSorted() }).toEqual({
      files: 4,
      missing: 3,
      ids: [gone, short, hidden].sort(),
    });
    expect(loss.ids).not.toContain(whole);
    await sweep();
    expect(logged.at(-1)).toMatchObject({ message: "files without bytes", details: { missing: 3 } });
  });

  it("are also pictures of which a smaller size is gone", async () => {
    const avatar = { target: "avatar", fileName: "a.png", contentType: "image/png" };
    const { id } = await fileOf(avatar, picture());
    await ready();
    expect(await findMissing({ db, storage })).toMatchObject({ files: 2, missing: 0 });
    await storage.delete(`objects/${userId}/${id}.256.webp`);
    expect(await findMissing({ db, storage })).toEqual({ files: 2, missing: 1, ids: [id] });
  });

  it("are not those that are deleted while one looks", async () => {
    const id = await ready();
    const head = async (key: string) => {
      await sql`delete from file where id = ${id}`;
      await storage.delete(key);
      return storage.head(key);
    };
    expect(await findMissing({ db, storage: { head } })).toEqual({ files: 1, missing: 0, ids: [] });
  });

  it("make `coachctl files check` end with 1; leftovers alone do not, and go with --remove", async () => {
    const printed: string[] = [];
    const run = (...args: string[]) => {
      printed.length = 0;
      return checkFiles.run({
        environment: {
          NODE_ENV: "test",
          DATA_DIR: app.config.dataDir,
          DATABASE_URL: app.database.appUrl,
        },
        arguments: args,
        print: (text) => void printed.push(text),
        readLine: async () => "",
      });
    };
    const id = await ready();
    expect(await run()).toBe(0);
    expect(printed).toEqual(["1 files, 0 without bytes.", "1 objects, 0 without a row for more than a day."]);
    await storage.delete(`objects/${organizationId}/${id}`);
    expect(await run("--remove")).toBe(1);
    expect(printed.join("\n")).toContain(id);
    await expect(run("--what")).rejects.toThrow();
  });
});
