import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { describe, expect, it } from "vitest";
import { createS3Storage } from "../../src/adapters/storage/s3.ts";
import { describeStorage } from "./contract.ts";
import { describeShippedPolicies } from "./s3.policies.ts";
import { createTestBucket } from "./s3.server.ts";
import { describeUploadIdentity } from "./s3.upload-identity.ts";

const endpoint = process.env.S3_ENDPOINT;
const tlsEndpoint = process.env.S3_TLS_ENDPOINT;

const describeDriver = (name: string, at: string) =>
  describeStorage(name, async () => {
    const { config, remove } = await createTestBucket(at);
    const storage = createS3Storage(config);
    return {
      storage,
      async stop() {
        await storage.close();
        await remove();
      },
    };
  });

if (tlsEndpoint !== undefined) {
  const certificate = readFileSync(process.env.S3_TLS_CERTIFICATE ?? "", "utf8");
  setDefaultCACertificates([...getCACertificates(), certificate]);
  describeDriver("S3 behind TLS", tlsEndpoint);
}
if (endpoint !== undefined) {
  describeDriver("S3", endpoint);
  describeUploadIdentity(endpoint);
  describeShippedPolicies(endpoint);
}

describe("the S3 server of the tests", () => {
  it.skipIf(endpoint === undefined && !process.env.CI)("is there, also behind TLS", () => {
    expect(endpoint).toMatch(/^https?:/);
    expect(tlsEndpoint).toMatch(/^https:/);
  });
});
