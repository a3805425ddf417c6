import { afterAll, beforeAll, describe } from "vitest";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { describeDownloads } from "./contract.downloads.ts";
import { describeHostileUploads } from "./contract.hostile.ts";
import { describeMultipart } from "./contract.multipart.ts";
import { describeObjects } from "./contract.objects.ts";
import { describeUploads } from "./contract.uploads.ts";

export interface StorageUnderTest {
  readonly storage: StoragePort;
  stop(): Promise<void>;
}

/** What every driver promises. `setup` makes an empty store whose signed URLs can be reached. */
export function describeStorage(name: string, setup: () => Promise<StorageUnderTest>): void {
  describe(`storage on ${name}`, () => {
    let under: StorageUnderTest | undefined;
    const storage = () => {
      if (under === undefined) throw new Error("The store is not set up.");
      return under.storage;
    };

    beforeAll(async () => {
      under = await setup();
    });
    afterAll(async () => under?.stop());

    describeObjects(storage);
    describeUploads(storage);
    describeDownloads(storage);
    describeMultipart(storage);
    describeHostileUploads(storage);
  });
}
