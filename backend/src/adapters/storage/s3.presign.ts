import { PutObjectCommand, UploadPartCommand } from "@aws-sdk/client-s3";
import { getSignedUrl, S3RequestPresigner } from "@aws-sdk/s3-request-presigner";
import { assertKey } from "./keys.ts";
import type { PresignGet, PresignPart, PresignPut, SignedUpload, SignedUrl } from "./port.ts";
import { createAddress } from "./s3.address.ts";
import { encryptionOf, type S3Clients, type S3Config } from "./s3.clients.ts";

/** Without naming it, the SDK leaves Content-Type unsigned: any other would be accepted. */
const UPLOAD_HEADERS = new Set(["host", "content-type", "content-length"]);
/** A part has no type; the SDK makes one up that the client would have to repeat. */
const PART_HEADERS = new Set(["host", "content-length"]);
const DOWNLOAD_HEADERS = new Set(["host"]);

type SigningOptions = NonNullable<Parameters<typeof getSignedUrl>[2]>;

/** URLs of the store itself, on its public endpoint. */
export function createS3Presigner(clients: S3Clients, config: S3Config) {
  const { bucket } = config;
  const { signUpload, signDownload } = clients;
  // Asked for with every file that is shown.
  const downloads = new S3RequestPresigner({ ...signDownload.config });
  const downloadAddressOf = createAddress(signDownload, bucket);

  async function signed(
    expiresIn: number,
    signableHeaders: Set<string>,
    sign: (options: SigningOptions) => Promise<string>,
  ): Promise<SignedUrl> {
    // Signatures carry whole seconds.
    const seconds = Math.floor(Date.now() / 1000);
    const url = await sign({ expiresIn, signableHeaders, signingDate: new Date(seconds * 1000) });
    return { url, expiresAt: new Date((seconds + expiresIn) * 1000) };
  }

  return {
    async put({ key, contentType, size, expiresIn }: PresignPut): Promise<SignedUpload> {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: assertKey(key),
        ContentType: contentType,
        ContentLength: size,
        ...encryptionOf(config),
      });
      const url = await signed(expiresIn, UPLOAD_HEADERS, (options) =>
        getSignedUrl(signUpload, command, options),
      );
      const { serverSideEncryption: encryption, kmsKeyId } = config;
      return {
        ...url,
        headers: {
          "content-type": contentType,
          ...(encryption && { "x-amz-server-side-encryption": encryption }),
          ...(encryption && kmsKeyId && { "x-amz-server-side-encryption-aws-kms-key-id": kmsKeyId }),
        },
      };
    },

    async part({ key, uploadId, partNumber, size, expiresIn }: PresignPart): Promise<SignedUpload> {
      const command = new UploadPartCommand({
        Bucket: bucket,
        Key: assertKey(key),
        UploadId: uploadId,
        PartNumber: partNumber,
        ContentLength: size,
      });
      const url = await signed(expiresIn, PART_HEADERS, (options) =>
        getSignedUrl(signUpload, command, options),
      );
      return { ...url, headers: {} };
    },

    async get({ key, contentType, contentDisposition, expiresIn }: PresignGet): Promise<SignedUrl> {
      const address = await downloadAddressOf(key);
      const query = {
        "response-content-type": contentType,
        "response-content-disposition": contentDisposition,
        // A cache on the way knows nothing of the five minutes.
        "response-cache-control": "private, no-cache",
      };
      return signed(expiresIn, DOWNLOAD_HEADERS, async (options) => {
        const presigned = await downloads.presign({ ...address, query }, options);
        return `${address.protocol}//${address.headers.host}${address.path}?${queryText(presigned.query)}`;
      });
    },
  };
}

/** Signatures know no other form: `!`, `'`, `(`, `)` and `*` are escaped as well. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

function queryText(query: Record<string, string | string[] | null> = {}): string {
  return Object.entries(query)
    .map(([name, value]) => `${escaped(name)}=${escaped(String(value))}`)
    .join("&");
}
