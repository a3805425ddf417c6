import { S3Client } from "@aws-sdk/client-s3";
import type { Config } from "../../config/config.ts";

export type S3Config = Extract<Config["storage"], { driver: "s3" }>;

const CONNECT_MS = 1_500;
export const IDLE_MS = 30_000;
/** A store that copies gigabytes may say nothing meanwhile. */
const PATIENT_IDLE_MS = 5 * 60_000;

const ignore = () => undefined;
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** What asks for an object to be encrypted at rest; nothing where the bucket decides. */
export const encryptionOf = ({ serverSideEncryption, kmsKeyId }: S3Config) =>
  serverSideEncryption === undefined
    ? {}
    : {
        ServerSideEncryption: serverSideEncryption,
        ...(kmsKeyId !== undefined && { SSEKMSKeyId: kmsKeyId }),
      };

interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Of the server, and of what signs uploads. */
export interface S3Keys extends Key {
  readonly upload: Key;
}

/** As the SDK wants them to come; "memoized" keeps it from asking only once. */
const provider = (key: () => Key) =>
  Object.assign(
    async () => {
      const { accessKeyId, secretAccessKey } = key();
      return { accessKeyId, secretAccessKey };
    },
    { memoized: true },
  );

export type S3Clients = ReturnType<typeof createS3Clients>;

/** One client per identity and endpoint. Those on the public endpoint only sign: they never connect. */
export function createS3Clients(config: S3Config, keys: () => S3Keys) {
  const make = (endpoint: string, key: () => Key, idleMs: number) =>
    new S3Client({
      endpoint,
      region: config.region,
      forcePathStyle: config.forcePathStyle,
      credentials: provider(key),
      // The default puts the checksum of an empty body into presigned URLs: stores then refuse the real body.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      // Waiting for "100 Continue" would outlast our own deadline.
      expectContinueHeader: false,
      maxAttempts: 2,
      // Errors are logged where they are handled; by default the SDK writes some to the console.
      logger: SILENT,
      requestHandler: {
        connectionTimeout: CONNECT_MS,
        socketTimeout: idleMs,
        // Every running upload or copy holds a socket; the default is 50.
        httpAgent: { keepAlive: true, maxSockets: 1_000 },
        httpsAgent: { keepAlive: true, maxSockets: 1_000 },
      },
    });

  const server = make(config.endpoint, keys, IDLE_MS);
  const patient = make(config.endpoint, keys, PATIENT_IDLE_MS);
  const signDownload = make(config.publicEndpoint, keys, IDLE_MS);
  const signUpload = make(config.publicEndpoint, () => keys().upload, IDLE_MS);
  return {
    server,
    /** For copies and completions. */
    patient,
    signDownload,
    /** May only put below `staging/`. */
    signUpload,
    close(): void {
      for (const client of [server, patient, signDownload, signUpload]) client.destroy();
    },
  };
}
