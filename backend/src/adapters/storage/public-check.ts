import type { Config } from "../../config/config.ts";
import { createStorage } from "./create.ts";

/**
 * Resolves when a signed URL works at the address that clients use. A proxy that changes path or host spoils every
 * signature: then the store answers 403.
 */
export async function checkPublicEndpoint(
  config: Pick<Config, "storage" | "dataDir" | "publicUrl">,
): Promise<void> {
  // The disk driver's URLs are served by the server itself, which need not run yet.
  if (config.storage.driver === "disk") return;
  const storage = createStorage(config);
  const signed = { contentType: "text/plain", contentDisposition: "attachment", expiresIn: 60 };
  const missing = { key: "staging/preflight", ...signed };
  const { url } = await storage.presignGet(missing).finally(() => storage.close());
  const { origin } = new URL(url);
  const answer = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch((cause: unknown) => {
    throw new Error(`${origin} does not answer: S3_PUBLIC_ENDPOINT is where clients reach the store`, {
      cause,
    });
  });
  // Another server, or a bucket that is not there, answers 404, too.
  const code = /<Code>(\w{1,50})<\/Code>/.exec((await answer.text()).slice(0, 1000))?.[1];
  if (code !== "NoSuchKey")
    throw new Error(
      `${origin} answers ${answer.status} ${code ?? ""} to a signed URL of a missing object, not 404 NoSuchKey`,
    );
}
