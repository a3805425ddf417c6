import { Readable } from "node:stream";
import { expect, it } from "vitest";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { createRegister } from "../../src/features/files/files.register.ts";
import { register } from "../files/client.ts";
import { document, picture } from "../files/samples.ts";
import { crashWorld, filesDeps, staged } from "./crash.world.ts";

const { app, boss, caller, paper } = await crashWorld();

/** A store that gives half of an object, and then fails as disks and silent stores do: with an error of their own. */
const breaksOff = (bytes: Buffer, after: number): StoragePort => {
  let reads = 0;
  return {
    ...app.deps.storage,
    async read(...args) {
      reads += 1;
      if (reads <= after) return app.deps.storage.read(...args);
      return Readable.from(
        (async function* () {
          yield bytes.subarray(0, bytes.length / 2);
          throw Object.assign(new Error("read failed"), { code: "EIO" });
        })(),
      );
    },
  };
};

it.each([
  ["while a document is checked", document(3000), paper, 0],
  ["while a picture is decoded", picture(), { target: "avatar", contentType: "image/png" } as const, 1],
])(
  "a store that breaks off %s is unavailable, and register can be repeated",
  async (_, bytes, body, after) => {
    const storageKey = await staged(app, caller, bytes, body);
    const broken = createRegister({ ...filesDeps(app), storage: breaksOff(bytes, after) });
    await expect(broken(caller, { storageKey })).rejects.toMatchObject({
      code: "unavailable",
      retryAfter: 5,
    });
    expect((await register(app, boss.token, storageKey)).status).toBe(201);
  },
);
