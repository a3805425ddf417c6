import type { S3Client } from "@aws-sdk/client-s3";
import { createAddress } from "./s3.address.ts";
import type { S3Keys } from "./s3.clients.ts";

/** Stores take a signature for a quarter of an hour; who plays a film asks for it again within seconds. */
const reuseMs = 60_000;
/** Some 600 bytes each. */
const signedMax = 1000;

type Address = Awaited<ReturnType<ReturnType<typeof createAddress>>>;

interface SignedRead extends Omit<Address, "headers"> {
  readonly headers: Readonly<Record<string, string>>;
}

interface Kept {
  readonly request: SignedRead;
  readonly keys: S3Keys;
  /** By the clock of the store, ms. */
  readonly at: number;
}

/**
 * Signed requests for objects, whole or any range: the range is not in the signature. One is used again for a minute,
 * as long as the keys are the same, since to sign takes longer than all else that a seek in a film does here.
 */
export function createSignedReads(client: S3Client, bucket: string, keys: () => S3Keys) {
  const addressOf = createAddress(client, bucket);
  const kept = new Map<string, Kept>();

  async function sign(key: string, at: number): Promise<SignedRead> {
    const address = await addressOf(key);
    const signer = await client.config.signer();
    const { headers } = await signer.sign({ ...address, query: {} }, { signingDate: new Date(at) });
    return { ...address, headers };
  }

  return async (key: string): Promise<SignedRead> => {
    // What the SDK found out about the clock of the store, however late.
    const now = Date.now() + client.config.systemClockOffset;
    const known = kept.get(key);
    const newest = keys();
    if (known && known.keys === newest && Math.abs(now - known.at) < reuseMs) return known.request;
    const request = await sign(key, now);
    kept.delete(key);
    kept.set(key, { request, keys: newest, at: now });
    const [oldest] = kept.keys();
    if (kept.size > signedMax && oldest !== undefined) kept.delete(oldest);
    return request;
  };
}
