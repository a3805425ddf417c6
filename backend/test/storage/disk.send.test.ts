import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { sendFile } from "../../src/adapters/storage/disk.send.ts";

const folder = mkdtempSync(join(tmpdir(), "disk-send-"));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, "file");
const content = randomBytes(2_000_003);

async function opened() {
  writeFileSync(path, content);
  const file = await open(path, "r");
  onTestFinished(() => file.close());
  return file;
}

/** Looks at what it was given only later, as a socket does. */
function late(highWaterMark: number, each: (chunk: Buffer) => void = () => undefined) {
  const seen: Buffer[] = [];
  const destination = new Writable({
    highWaterMark,
    async write(chunk: Buffer, _encoding, done) {
      for (let i = 0; i < 20; i++) await turn();
      seen.push(Buffer.from(chunk));
      each(chunk);
      done();
    },
  });
  return { destination, received: () => Buffer.concat(seen) };
}

describe("a file that is sent", () => {
  it.each([
    ["every chunk", 1],
    ["chunks until several wait", 1024 ** 2],
    ["no chunk", 1024 ** 3],
  ])("arrives byte for byte where %s is waited for", async (_, highWaterMark) => {
    const { destination, received } = late(highWaterMark);
    await sendFile(await opened(), { start: 0, end: content.length - 1 }, destination);
    expect(received().equals(content)).toBe(true);
    expect(destination.writableFinished).toBe(true);
  });

  it.each([
    [0, 0],
    [262_143, 262_144],
    [262_144, 524_287],
    [5, 1_999_999],
    [content.length - 1, content.length - 1],
  ])("is the range %i–%i and nothing else", async (start, end) => {
    const { destination, received } = late(65_536);
    await sendFile(await opened(), { start, end }, destination);
    expect(received().equals(content.subarray(start, end + 1))).toBe(true);
  });

  it("ends the destination when it is empty", async () => {
    const { destination, received } = late(65_536);
    await sendFile(await opened(), { start: 0, end: -1 }, destination);
    expect([received().length, destination.writableFinished]).toEqual([0, true]);
  });

  it("is not taken for whole when it became shorter meanwhile", async () => {
    const { destination } = late(65_536, () => truncateSync(path, 300_000));
    const sent = sendFile(await opened(), { start: 0, end: content.length - 1 }, destination);
    await expect(sent).rejects.toThrow("shorter");
    expect([destination.destroyed, destination.writableFinished]).toEqual([true, false]);
  });

  it("stops when the destination goes away", async () => {
    const { destination, received } = late(65_536, () => destination.destroy());
    const sent = sendFile(await opened(), { start: 0, end: content.length - 1 }, destination);
    await expect(sent).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
    expect(received().length).toBe(262_144);
  });
});
