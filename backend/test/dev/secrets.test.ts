import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { developmentSecrets } from "../../scripts/dev-secrets.ts";
import { temporaryFolder } from "../backup/places.ts";

test("a checkout from before there was a data key gets one, and keeps everything else", () => {
  const folder = temporaryFolder();
  const file = join(folder, "secrets.json");
  const { dataKey, ...older } = developmentSecrets(folder);
  writeFileSync(file, JSON.stringify(older));
  const now = developmentSecrets(folder);
  expect(now).toEqual({ ...older, dataKey: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(now.dataKey).not.toBe(dataKey);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(now);
  expect(developmentSecrets(folder)).toEqual(now);
  expect(statSync(file).mode & 0o077).toBe(0);
});
