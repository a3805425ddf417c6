import {
  CopyObjectCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import { AppError } from "../../errors.ts";
import { assertKey, assertPrefix } from "./keys.ts";
import type { ListedObject, ObjectHead, StoragePort } from "./port.ts";
import { createS3Clients, encryptionOf, type S3Config, type S3Keys } from "./s3.clients.ts";
import { nullIfNotFound, patiently, promptly } from "./s3.faults.ts";
import { createS3Multipart } from "./s3.multipart.ts";
import { createS3Presigner } from "./s3.presign.ts";
import { putS3Object } from "./s3.put.ts";
import { createS3Reader } from "./s3.read.ts";

/**
 * Files in a bucket of any S3 store; the bucket exists already. Copies reach 5 GiB, the protocol's limit.
 *
 * @param keys the newest, asked for each request and signature
 */
export function createS3Storage(config: S3Config, keys: () => S3Keys = () => config): StoragePort {
  const { bucket: Bucket } = config;
  const encryption = encryptionOf(config);
  const clients = createS3Clients(config, keys);
  const { server, patient } = clients;
  const reader = createS3Reader(clients, config, keys);
  const presigner = createS3Presigner(clients, config);
  const multipart = createS3Multipart(clients, config);

  async function check(): Promise<void> {
    const bucket = promptly((signal) =>
      server.send(new HeadBucketCommand({ Bucket }), { abortSignal: signal }),
    );
    if ((await nullIfNotFound(bucket)) === null)
      throw new AppError("unavailable", "The bucket does not exist.");
  }

  async function headObject(key: string): Promise<ObjectHead> {
    const command = new HeadObjectCommand({ Bucket, Key: assertKey(key) });
    const head = await promptly((signal) => server.send(command, { abortSignal: signal }));
    return {
      size: head.ContentLength ?? 0,
      etag: head.ETag ?? "",
      lastModified: head.LastModified ?? new Date(0),
    };
  }

  return {
    check,
    presignPut: presigner.put,
    presignGet: presigner.get,
    presignPart: presigner.part,

    head: (key) => nullIfNotFound(headObject(key)),

    read: reader.read,

    async put(key, body, { contentType, size }) {
      const target = { Bucket, Key: assertKey(key), ContentType: contentType, ...encryption };
      await putS3Object(server, target, body, size, check);
    },

    async copy(from, to) {
      const target = { Bucket, Key: assertKey(to), ...encryption };
      // Nothing but the bytes: an upload may carry headers that nobody signed, such as Content-Encoding.
      const meta = { MetadataDirective: "REPLACE", ContentType: "application/octet-stream" } as const;
      // A prompt call first: the store may take minutes to copy, and is silent when it is down, too.
      await headObject(from);
      await patiently(() =>
        patient.send(new CopyObjectCommand({ ...target, ...meta, CopySource: `${Bucket}/${from}` })),
      );
    },

    async delete(key) {
      const command = new DeleteObjectCommand({ Bucket, Key: assertKey(key) });
      await nullIfNotFound(promptly((signal) => server.send(command, { abortSignal: signal })));
    },

    async *list(prefix): AsyncGenerator<ListedObject> {
      const Prefix = assertPrefix(prefix);
      let ContinuationToken: string | undefined;
      do {
        const command = new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken });
        const page = await promptly((signal) => server.send(command, { abortSignal: signal }));
        for (const {
          Key: key = "",
          Size: size = 0,
          LastModified: lastModified = new Date(0),
        } of page.Contents ?? []) {
          yield { key, size, lastModified };
        }
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
    },

    startMultipart: multipart.start,
    listParts: multipart.listParts,
    completeMultipart: multipart.complete,
    abortMultipart: multipart.abort,
    listMultiparts: multipart.list,

    async close() {
      reader.close();
      clients.close();
    },
  };
}
