import { Readable } from "node:stream";
import { PutObjectCommand, type PutObjectCommandInput, type S3Client } from "@aws-sdk/client-s3";
import { exactly, once } from "./exact.ts";
import { patiently, promptly } from "./s3.faults.ts";

/** Up to here a body is held in memory, which lets it be sent again and under a deadline. */
const SMALL_BYTES = 4 * 1024 * 1024;

type Target = Omit<PutObjectCommandInput, "Body" | "ContentLength">;

/**
 * Puts exactly `size` bytes, or rejects with `validation_failed` and nothing stored. Before a body that is too large
 * for a deadline, `probe` must show that the store is there.
 */
export async function putS3Object(
  client: S3Client,
  target: Target,
  source: Readable | Uint8Array,
  size: number,
  probe: () => Promise<void>,
): Promise<void> {
  const body = exactly(size, source instanceof Uint8Array ? once(source) : source);
  if (size <= SMALL_BYTES) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const command = new PutObjectCommand({ ...target, Body: Buffer.concat(chunks), ContentLength: size });
    await promptly((signal) => client.send(command, { abortSignal: signal }));
    return;
  }
  try {
    await probe();
    await putStream(client, target, Readable.from(body, { objectMode: false }), size);
  } finally {
    if (source instanceof Readable) source.destroy();
  }
}

async function putStream(client: S3Client, target: Target, body: Readable, size: number): Promise<void> {
  const controller = new AbortController();
  // The SDK does not notice when its body fails: it would wait for the missing bytes.
  const failed = Promise.withResolvers<never>();
  body.once("error", (error) => {
    failed.reject(error);
    controller.abort();
  });
  const command = new PutObjectCommand({ ...target, Body: body, ContentLength: size });
  const sent = patiently(() => client.send(command, { abortSignal: controller.signal }));
  try {
    await Promise.race([sent, failed.promise]);
  } finally {
    body.destroy();
    // The loser of the race has nothing to add.
    sent.catch(() => undefined);
    failed.promise.catch(() => undefined);
  }
}
