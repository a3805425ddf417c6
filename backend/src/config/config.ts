import type { Budget } from "../adapters/limiter/port.ts";
import type { TargetName } from "../features/files/files.targets.ts";

/** Everything that can be set from outside, checked and typed. Made by `parseEnv`, the only reader of the environment. */
export interface Config {
  readonly mode: "development" | "test" | "production";
  /** Version of the product, from package.json. */
  readonly version: string;
  readonly host: string;
  readonly port: number;
  /** Absolute folder of embedded data: database, files, mail. */
  readonly dataDir: string;
  /** Absolute base of this API as clients see it, without trailing slash (`BETTER_AUTH_URL`). */
  readonly publicUrl: string;
  /** Absolute base of the web client, without trailing slash; mails link to it. */
  readonly frontendUrl: string;
  readonly corsOrigins: readonly string[];
  /** CIDRs whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly hsts: string;
  readonly logLevel: "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";
  readonly database: {
    /** As the least-privilege role `coaching_app`. */
    readonly url: string;
    /** As `coaching_owner`, for migrations only. */
    readonly ownerUrl: string | undefined;
    readonly poolMax: number;
  };
  readonly auth: {
    /** Key ring, current first. */
    readonly secrets: readonly { readonly version: number; readonly value: string }[];
    readonly sessionMaxDays: number;
    /** Auth sessions a person may have at a time; the oldest end. */
    readonly sessionMaxConcurrent: number | undefined;
    readonly argon2Concurrency: number;
    readonly requireEmailVerification: boolean;
    readonly signupMode: "open" | "invite_only";
    readonly organizationSignup: "open" | "closed";
    /** The first platform admin, created at start when there is none. */
    readonly bootstrapAdmin: { readonly email: string; readonly password: string } | undefined;
  };
  /** Encrypt values at rest: the first seals, the others still open. */
  readonly dataKeys: readonly { readonly version: number; readonly value: string }[];
  /** Known app builds; a retired one is told to update. */
  readonly clientKeys: readonly { readonly name: string; readonly key: string; readonly retired: boolean }[];
  readonly clientKeyRequired: boolean;
  readonly limits: {
    readonly all: Budget;
    readonly write: Budget;
    readonly auth: Budget;
    /** Failed sign-ins of everybody together. */
    readonly authFailures: Budget;
  };
  /** Counts limits for all instances; without it each counts for itself. */
  readonly redis: { readonly url: string } | undefined;
  readonly storage: /** The first key signs, the others still verify. */
    | { readonly driver: "disk"; readonly signingKeys: readonly string[] }
    | {
        readonly driver: "s3";
        readonly endpoint: string;
        /** What clients can reach; presigned URLs carry it. */
        readonly publicEndpoint: string;
        readonly region: string;
        readonly bucket: string;
        readonly forcePathStyle: boolean;
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        /** Signs uploads only; may do nothing but put below `staging/`. */
        readonly upload: { readonly accessKeyId: string; readonly secretAccessKey: string };
        /** `x-amz-server-side-encryption` of every object, when set. */
        readonly serverSideEncryption: "AES256" | "aws:kms" | undefined;
        /** The key for `aws:kms`, where it is not the bucket's own. */
        readonly kmsKeyId: string | undefined;
      };
  readonly scan:
    | { readonly mode: "off" }
    | {
        readonly mode: "on" | "required";
        readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
        /** Larger files count as unscannable. */
        readonly maxBytes: number;
        readonly timeoutMs: number;
      };
  readonly mail:
    | { readonly driver: "file"; readonly from: string }
    | {
        readonly driver: "smtp";
        readonly from: string;
        readonly host: string;
        readonly port: number;
        /** TLS from the first byte; otherwise STARTTLS is required. */
        readonly secure: boolean;
        readonly user: string | undefined;
        readonly password: string | undefined;
        /** Refuse a certificate that does not verify; false only outside production. */
        readonly verifyCertificate: boolean;
        /** Plain text to a mail catcher; never in production. */
        readonly allowPlaintext: boolean;
      };
  /** Largest upload by target, bytes. */
  readonly fileLimits: Readonly<Record<TargetName, number>>;
  /** Bytes the files of an organization may take up where nobody set another quota; null is no limit. */
  readonly storageQuota: number | null;
  /** Whether an uploaded avatar or logo stays beside the sizes made of it. */
  readonly imageOriginals: "keep" | "drop";
  /** Whether jobs run inside the server; off where `worker.ts` runs beside it. */
  readonly worker: boolean;
  /** Oldest version of the apps that may go on; told to clients by keep-alive. */
  readonly minAppVersion: string | undefined;
  /** URIs in `security.txt`, the preferred one first. */
  readonly securityContacts: readonly string[];
  readonly securityPolicyUrl: string | undefined;
  readonly policies: { readonly privacyUrl: string | undefined; readonly termsUrl: string | undefined };
  /** Demo organizations and accounts at start; development only. */
  readonly demoData: boolean;
  /** Public age keys that backups are encrypted to. */
  readonly backupRecipients: readonly string[];
  /** Each opens metrics and counters to a monitor. */
  readonly metricsTokens: readonly string[];
  /** Where metrics are read instead of at `port`. */
  readonly metricsPort: number | undefined;
  /** Who gets traces. */
  readonly traces:
    | {
        /** Without trailing slash. */
        readonly endpoint: string;
        readonly headers: Readonly<Record<string, string>>;
        readonly serviceName: string;
        /** Of all requests, from 0 to 1. */
        readonly share: number;
      }
    | undefined;
}
