import { storageDriver } from "../storage-driver.ts";
import { isLoopback } from "../values/network.ts";
import { isPlaceholder, weakestOf } from "../weak-secret.ts";
import { type Check, check, when } from "./check.ts";

const isOnS3 = (s: Parameters<typeof storageDriver>[0]): boolean => storageDriver(s) === "s3";

/** What stores are delivered with. */
const SHIPPED = /^(admin|root|minio|minio123|rustfsadmin|any|test|access|access[-_]?key)$/i;
const isShipped = (value: string | undefined): boolean =>
  value !== undefined && (SHIPPED.test(value) || isPlaceholder(value));

const credentials = [
  "S3_ACCESS_KEY_ID",
  "S3_SECRET_ACCESS_KEY",
  "S3_UPLOAD_ACCESS_KEY_ID",
  "S3_UPLOAD_SECRET_ACCESS_KEY",
] as const;

export const productionStorage: readonly Check[] = [
  check({
    name: "File URLs of the disk driver are signed",
    reads: ["STORAGE_SIGNING_KEY", "STORAGE_DRIVER", "S3_ENDPOINT"],
    problem: (s) => when(!isOnS3(s) && s.STORAGE_SIGNING_KEY === undefined, "is missing for the disk driver"),
    fix: "make one with: coachctl secrets generate",
  }),
  check({
    name: "The key that signs file URLs is strong",
    reads: ["STORAGE_SIGNING_KEY"],
    problem: (s) => weakestOf(s.STORAGE_SIGNING_KEY ?? []),
    fix: "make one with: coachctl secrets generate",
  }),
  ...credentials.map((name) =>
    check({
      name: `${name} is not what stores are delivered with`,
      reads: [name, "STORAGE_DRIVER", "S3_ENDPOINT"],
      problem: (s) => when(isOnS3(s) && isShipped(s[name]), "is a default or placeholder"),
      fix: "create a key of your own in the store",
    }),
  ),
  check({
    name: "Uploads have a key of their own",
    reads: ["S3_UPLOAD_ACCESS_KEY_ID", "S3_ACCESS_KEY_ID", "STORAGE_DRIVER", "S3_ENDPOINT"],
    problem: (s) => {
      if (!isOnS3(s)) return undefined;
      if (s.S3_UPLOAD_ACCESS_KEY_ID === undefined) return "is missing";
      return when(s.S3_UPLOAD_ACCESS_KEY_ID === s.S3_ACCESS_KEY_ID, "is the same as S3_ACCESS_KEY_ID");
    },
    fix: "create a key that may only put below staging/, and set S3_UPLOAD_SECRET_ACCESS_KEY too",
  }),
  check({
    name: "Clients reach the store by https",
    reads: ["S3_PUBLIC_ENDPOINT", "S3_ENDPOINT", "STORAGE_DRIVER"],
    problem: (s) => {
      const endpoint = s.S3_PUBLIC_ENDPOINT ?? s.S3_ENDPOINT;
      if (!isOnS3(s) || endpoint === undefined) return undefined;
      const { protocol, hostname } = new URL(endpoint);
      return when(protocol !== "https:" && !isLoopback(hostname), "(by default S3_ENDPOINT) is not https");
    },
    fix: "set it to the https address at which clients reach the store",
  }),
];
