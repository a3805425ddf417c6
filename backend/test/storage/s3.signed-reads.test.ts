import { afterEach, expect, it, vi } from "vitest";
import { createS3Clients, type S3Keys } from "../../src/adapters/storage/s3.clients.ts";
import { createSignedReads } from "../../src/adapters/storage/s3.signed-reads.ts";
import { afterwards } from "../harness/afterwards.ts";
import { configAt } from "./s3.fake.ts";

afterEach(() => void vi.useRealTimers());

function signer() {
  const config = configAt("http://store.test");
  let keys: S3Keys = config;
  const clients = createS3Clients(config, () => keys);
  afterwards(() => clients.close());
  const signed = createSignedReads(clients.server, config.bucket, () => keys);
  vi.useFakeTimers({ toFake: ["Date"] });
  return {
    clients,
    signatureOf: async (key: string) => (await signed(key)).headers.authorization,
    change: (next: Partial<S3Keys>) => {
      keys = { ...keys, ...next };
    },
  };
}

it("one object has one signature for a minute, and every object its own", async () => {
  const { signatureOf } = signer();
  const first = await signatureOf("objects/o/film");
  expect(first).toContain("SignedHeaders=host;x-amz-content-sha256;x-amz-date");
  vi.advanceTimersByTime(59_000);
  expect(await signatureOf("objects/o/film")).toBe(first);
  expect(await signatureOf("objects/o/song")).not.toBe(first);
  vi.advanceTimersByTime(1_000);
  expect(await signatureOf("objects/o/film")).not.toBe(first);
});

it.each([
  ["key", { accessKeyId: "another" }],
  ["secret", { secretAccessKey: "another" }],
])("a new %s signs anew at once", async (_, change) => {
  const { signatureOf, change: rotate } = signer();
  const first = await signatureOf("objects/o/film");
  rotate(change);
  expect(await signatureOf("objects/o/film")).not.toBe(first);
});

it("a clock that is set right signs anew, and so does one that is found to be wrong", async () => {
  const { signatureOf, clients } = signer();
  const first = await signatureOf("objects/o/film");
  vi.setSystemTime(Date.now() - 3_600_000);
  const second = await signatureOf("objects/o/film");
  expect(second).not.toBe(first);
  clients.server.config.systemClockOffset = 1_200_000;
  expect(await signatureOf("objects/o/film")).not.toBe(second);
});

it("the thousand signed last are kept", async () => {
  const { signatureOf } = signer();
  const first = await signatureOf("objects/o/0");
  const second = await signatureOf("objects/o/1");
  vi.advanceTimersByTime(2_000);
  for (let n = 2; n <= 1000; n++) await signatureOf(`objects/o/${n}`);
  expect(await signatureOf("objects/o/1")).toBe(second);
  expect(await signatureOf("objects/o/0")).not.toBe(first);
});
