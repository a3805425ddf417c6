import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { createClamd } from "../../src/adapters/scanner/clamd.ts";
import { document, pdf } from "../files/samples.ts";
import { sharedClamd, streamMaxLength } from "./clamd.ts";
import { eicar, zipOf } from "./samples.ts";
import { fakeServer, freePort } from "./sockets.ts";

const clamd = sharedClamd();

const at = (port: number, timeoutMs = 20_000, maxBytes = 1e9) =>
  createClamd({ address: { host: "127.0.0.1", port }, maxBytes, timeoutMs });

/** The bytes in the pieces that a store gives them in. */
function streamOf(bytes: Buffer): Readable {
  const pieces = function* () {
    for (let i = 0; i < bytes.length; i += 65_536) yield bytes.subarray(i, i + 65_536);
  };
  return Readable.from(pieces(), { objectMode: false });
}

const unavailable = expect.objectContaining({ code: "unavailable" });

describe.runIf(clamd)("clamd", () => {
  const scanner = at(Number(clamd?.CLAMD_PORT));
  const scan = (bytes: Buffer) => scanner.scan(streamOf(bytes), bytes.length);

  it("answers", async () => {
    await expect(scanner.check()).resolves.toBeUndefined();
  });

  it.each([
    ["a document", pdf],
    ["one of several pieces", document(3_000_000)],
    ["the largest it takes", document(streamMaxLength)],
    ["one byte", Buffer.from("x")],
  ])("finds nothing in %s", async (_name, bytes) => {
    expect(await scan(bytes)).toEqual({ is: "clean" });
  });

  it.each([
    ["alone", eicar],
    ["at the end of a large file", Buffer.concat([document(5_000_000), eicar])],
    ["inside a zip", zipOf("letter.txt", eicar)],
    ["inside a zip inside a zip", zipOf("a.zip", zipOf("letter.txt", eicar))],
  ])("finds the test file %s", async (_name, bytes) => {
    expect(await scan(bytes)).toEqual({ is: "infected", threat: "Eicar-Test-Signature.UNOFFICIAL" });
  });

  it("is not sent what is larger than we let it be, and the stream ends", async () => {
    const bytes = streamOf(eicar);
    const small = at(Number(clamd?.CLAMD_PORT), 20_000, 67);
    expect(await small.scan(bytes, eicar.length)).toMatchObject({ is: "unscannable" });
    expect(bytes.destroyed).toBe(true);
  });

  it("says what is larger than it takes itself, also in the middle of the bytes", async () => {
    // clamd hangs up as it says so; where the broken pipe is noticed first, the scan counts as failed and is repeated.
    for (const size of [streamMaxLength + 1, 5 * streamMaxLength])
      await vi.waitFor(
        async () =>
          expect(await scan(document(size))).toEqual({
            is: "unscannable",
            reason: "larger than StreamMaxLength of clamd",
          }),
        { timeout: 15_000 },
      );
  });

  it("says what unpacks to more than it looks at", async () => {
    expect(await scan(gzipSync(Buffer.alloc(3 * streamMaxLength)))).toMatchObject({ is: "unscannable" });
  });

  it("is not asked about half a file", async () => {
    const half = eicar.subarray(0, 30);
    await expect(scanner.scan(streamOf(half), eicar.length)).rejects.toEqual(unavailable);
  });
});

describe("a scanner in trouble", () => {
  const bytes = document(2_000_000);

  it("that is not there", async () => {
    const scanner = at(await freePort());
    const source = streamOf(bytes);
    await expect(scanner.scan(source, bytes.length)).rejects.toEqual(unavailable);
    expect(source.destroyed).toBe(true);
    await expect(scanner.check()).rejects.toEqual(unavailable);
  });

  it("that takes the bytes and never answers", async () => {
    const { port } = await fakeServer((socket) => socket.resume());
    const scanner = at(port, 300);
    await expect(scanner.scan(streamOf(bytes), bytes.length)).rejects.toEqual(unavailable);
    await expect(scanner.check()).rejects.toEqual(unavailable);
  });

  it("that stops reading: what it does not take is not read from the store either", async () => {
    const { port } = await fakeServer((socket) => socket.pause());
    let read = 0;
    const endless = new Readable({
      read() {
        read += 65_536;
        this.push(Buffer.alloc(65_536));
      },
    });
    await expect(at(port, 300).scan(endless, 1e9)).rejects.toEqual(unavailable);
    expect(read).toBeLessThan(64 * 1024 * 1024);
    expect(endless.destroyed).toBe(true);
  });

  it.each([
    ["nothing", ""],
    ["half a reply", "stream: OK"],
    ["another reply", "UNKNOWN COMMAND\0"],
    ["an error", "Can't allocate memory ERROR\0"],
    ["a verdict on something else", "other: OK\0"],
    ["two in one", "stream: OK FOUND stream: OK\0"],
    ["too much", "x".repeat(10_000)],
  ])("that says %s gave no verdict", async (_name, reply) => {
    const { port } = await fakeServer((socket) => {
      socket.resume();
      socket.once("data", () => setImmediate(() => socket.end(reply)));
    });
    await expect(at(port).scan(streamOf(bytes), bytes.length)).rejects.toEqual(unavailable);
  });

  it("that calls a file clean before it has seen it is not believed", async () => {
    const { port } = await fakeServer((socket) => socket.end("stream: OK\0"));
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(65_536));
      },
    });
    await expect(at(port).scan(endless, 1e9)).rejects.toEqual(unavailable);
  });

  it("that names a threat with odd characters is quoted without them", async () => {
    const { port } = await fakeServer((socket) => {
      socket.once("data", () => undefined).resume();
      socket.on(
        "data",
        (data) => data.subarray(-4).equals(Buffer.alloc(4)) && socket.end("stream: A\r\nB\x80 FOUND\0"),
      );
    });
    const verdict = await at(port).scan(streamOf(eicar), eicar.length);
    expect(verdict).toEqual({ is: "infected", threat: expect.stringMatching(/^[\x21-\x7e]+$/) });
  });
});
