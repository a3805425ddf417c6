import { describe, expect, it } from "vitest";
import { createS3Storage } from "../../src/adapters/storage/s3.ts";
import { describeStorage } from "./contract.ts";
import { describeShippedPolicies } from "./s3.policies.ts";
import { createTestBucket } from "./s3.server.ts";
import { describeUploadIdentity } from "./s3.upload-identity.ts";

const endpoint = process.env.S3_ENDPOINT;

if (endpoint !== undefined) {
  describeStorage("S3", async () => {
    const { config, remove } = await createTestBucket(endpoint);
    const storage = createS3Storage(config);
    return {
      storage,
      async stop() {
        await storage.close();
        await remove();
      },
    };
  });
  describeUploadIdentity(endpoint);
  describeShippedPolicies(endpoint);
}

describe("the S3 server of the tests", () => {
  it.skipIf(endpoint === undefined && !process.env.CI)("is there: S3_ENDPOINT names it", () => {
    expect(endpoint).toMatch(/^https?:/);
  });
});
