import { afterAll } from "vitest";
import { createS3Storage } from "../../src/adapters/storage/s3.ts";
import { createS3World } from "../files/world.ts";
import { createTestBucket } from "../storage/s3.server.ts";
import { describeDrill } from "./contract.ts";

const world = await createS3World();

if (world)
  await describeDrill(world, async () => {
    const { config, remove } = await createTestBucket(process.env.S3_ENDPOINT ?? "");
    const storage = createS3Storage(config);
    afterAll(async () => {
      await storage.close();
      await remove();
    });
    return storage;
  });
