import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { assertKey } from "./keys.ts";

/**
 * Where a client finds an object, as a request to be signed. Only the SDK knows what comes before the key, for each kind
 * of store and of address has its own way; it is asked once, since its middleware takes ten times as long as a signature.
 */
export function createAddress(client: S3Client, bucket: string) {
  let base: Promise<URL> | undefined;

  async function findBase(): Promise<URL> {
    const command = new GetObjectCommand({ Bucket: bucket, Key: "x" });
    return new URL(".", await getSignedUrl(client, command));
  }

  return async (key: string) => {
    base ??= findBase();
    const { protocol, hostname, port, host, pathname } = await base;
    return {
      method: "GET",
      protocol,
      hostname,
      ...(port !== "" && { port: Number(port) }),
      path: `${pathname}${assertKey(key)}`,
      headers: { host },
    };
  };
}
