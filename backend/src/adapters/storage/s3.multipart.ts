import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
} from "@aws-sdk/client-s3";
import { AppError } from "../../errors.ts";
import { assertKey, assertPrefix } from "./keys.ts";
import { chooseParts } from "./parts.ts";
import type { ListedMultipart, PartRef, UploadedPart } from "./port.ts";
import { encryptionOf, type S3Clients, type S3Config } from "./s3.clients.ts";
import { nullIfNotFound, patiently, promptly } from "./s3.faults.ts";

/** Uploads in parts, as the store itself knows them. */
export function createS3Multipart({ server, patient }: S3Clients, config: S3Config) {
  const target = (key: string) => ({ Bucket: config.bucket, Key: assertKey(key) });

  async function listParts(key: string, uploadId: string): Promise<UploadedPart[]> {
    const parts: UploadedPart[] = [];
    let after: string | undefined;
    do {
      const command = new ListPartsCommand({ ...target(key), UploadId: uploadId, PartNumberMarker: after });
      const page = await promptly((signal) => server.send(command, { abortSignal: signal }));
      for (const { PartNumber: partNumber = 0, ETag: etag = "", Size: size = 0 } of page.Parts ?? []) {
        parts.push({ partNumber, etag, size });
      }
      after = page.IsTruncated ? page.NextPartNumberMarker : undefined;
    } while (after !== undefined);
    return parts;
  }

  return {
    listParts,

    async start(key: string, contentType: string): Promise<string> {
      const command = new CreateMultipartUploadCommand({
        ...target(key),
        ContentType: contentType,
        ...encryptionOf(config),
      });
      const { UploadId } = await promptly((signal) => server.send(command, { abortSignal: signal }));
      if (UploadId === undefined)
        throw new AppError("unavailable", "The file store did not start the upload.");
      return UploadId;
    },

    async complete(key: string, uploadId: string, parts: readonly PartRef[]): Promise<void> {
      // Also shows promptly that the store is there: it may take minutes, silently, to join large parts.
      const chosen = chooseParts(parts, await listParts(key, uploadId));
      const command = new CompleteMultipartUploadCommand({
        ...target(key),
        UploadId: uploadId,
        MultipartUpload: {
          Parts: chosen.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag })),
        },
      });
      await patiently(() => patient.send(command));
    },

    async abort(key: string, uploadId: string): Promise<void> {
      const command = new AbortMultipartUploadCommand({ ...target(key), UploadId: uploadId });
      await nullIfNotFound(promptly((signal) => server.send(command, { abortSignal: signal })));
    },

    async *list(prefix: string): AsyncGenerator<ListedMultipart> {
      const where = { Bucket: config.bucket, Prefix: assertPrefix(prefix) };
      let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
      while (after !== undefined) {
        const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({ ...where, ...after });
        const page = await promptly((signal) => server.send(command, { abortSignal: signal }));
        for (const {
          Key: key = "",
          UploadId: uploadId = "",
          Initiated: initiatedAt = new Date(),
        } of page.Uploads ?? [])
          yield { key, uploadId, initiatedAt };
        after =
          page.IsTruncated && page.NextKeyMarker
            ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
            : undefined;
      }
    },
  };
}
