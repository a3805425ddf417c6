import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { prepareFolders } from "../../src/adapters/storage/disk.folders.ts";
import { listDisk } from "../../src/adapters/storage/disk.list.ts";

const root = mkdtempSync(join(tmpdir(), "coaching-list-"));
afterAll(() => rmSync(root, { recursive: true }));
const folders = prepareFolders(root);

// `a`, `a-b` and what is below `a/`: the slash sorts between them.
const names = Array.from({ length: 150 }, (_, i) => `o/${(i * 7919) % 1000}`);
const keys = [...names, ...names.slice(0, 20).flatMap((name) => [`${name}-b`, `${name}/x`, `${name}/y/z`])];
for (const key of keys) {
  const path = join(folders.objects, `${key}=`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, key);
}
await writeFile(join(folders.objects, "o", "not ours"), "");

async function list(prefix: string, pageSize?: number): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of listDisk(folders, prefix, pageSize)) found.push(key);
  return found;
}

it.each([1, 7, 100, 210, 100_000])(
  "a folder is listed whole and in order, %i names at a time",
  async (size) => {
    expect(await list("", size)).toEqual(keys.toSorted());
    const one = keys.filter((key) => key.startsWith("o/1"));
    expect(await list("o/1", size)).toEqual(one.toSorted());
    expect(await list("p/", size)).toEqual([]);
  },
);

it("a folder is never in memory as a whole, nor put in order at once", async () => {
  const lengths: number[] = [];
  const { sort } = Array.prototype;
  vi.spyOn(Array.prototype, "sort").mockImplementation(function (this: unknown[], ...by) {
    if (String(this[0]).startsWith("o/")) lengths.push(this.length);
    return sort.apply(this, by);
  });
  try {
    expect((await list("", 10)).length).toBe(keys.length);
  } finally {
    vi.restoreAllMocks();
  }
  expect(Math.max(...lengths)).toBe(20);
});

it("what is added or removed meanwhile neither repeats nor hides anything else", async () => {
  const seen: string[] = [];
  for await (const { key } of listDisk(folders, "o/", 10)) {
    seen.push(key);
    if (seen.length === 15) {
      rmSync(join(folders.objects, `${keys.toSorted().at(-1)}=`));
      await writeFile(join(folders.objects, "o", "0000="), "");
    }
  }
  expect(seen).toEqual(keys.toSorted().slice(0, -1));
});
