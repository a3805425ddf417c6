import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { deriveKeys } from "../../src/adapters/storage/disk.signing.ts";
import { createDiskStorage } from "../../src/adapters/storage/disk.ts";

const root = mkdtempSync(join(tmpdir(), "coaching-disk-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it("objects come and go in one folder, which goes with the last of them, and none is refused", async () => {
  const storage = createDiskStorage({ root, publicUrl: "http://localhost", keys: () => deriveKeys(["x"]) });
  const refused: string[] = [];
  const comeAndGo = async (who: number) => {
    for (let n = 0; n < 150; n += 1) {
      const key = `staging/documents/${who}-${n}`;
      await storage
        .put(key, Buffer.from("bytes"), { contentType: "text/plain", size: 5 })
        .catch((error) => refused.push(`${error}`));
      await storage.delete(key);
    }
  };
  await Promise.all([1, 2, 3, 4].map(comeAndGo));
  expect(refused).toEqual([]);
});
