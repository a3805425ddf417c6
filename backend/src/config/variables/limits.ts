import { z } from "zod";
import { checkedAtOnceBytes, type LimitVariable, targets } from "../../features/files/files.targets.ts";
import { choice, wholeNumber } from "../values/basic.ts";
import type { Variable } from "../variable.ts";

const requests = wholeNumber(1, 1_000_000);
const seconds = wholeNumber(1, 86_400);
const GIB = 1024 ** 3;
/** What S3 takes in one PUT. */
const bytes = wholeNumber(1, 5 * GIB);
const pictureBytes = wholeNumber(1, checkedAtOnceBytes);
const quota = z
  .string()
  .regex(/^(\d{1,15}|unlimited)$/, "is neither a whole number nor unlimited")
  .transform((text) => (text === "unlimited" ? null : Number(text)))
  .describe("a number of bytes, or unlimited");

/** One for each entry of the table of targets. */
const uploads = Object.fromEntries(
  Object.values(targets).map(({ limit, picture }) => [
    limit.variable,
    { type: picture ? pictureBytes : bytes, default: `${limit.bytes}`, about: limit.about },
  ]),
) as Record<LimitVariable, { type: typeof bytes; default: string; about: string }>;

export const limits = {
  RATE_LIMIT_PRESET: {
    type: choice("standard", "generous"),
    default: "standard",
    about: "Defaults of the next three, standard or generous: 600 / 300 in 600 s, or 2000 / 1500 in 900 s",
  },
  RATE_LIMIT_MAX: {
    type: requests,
    derived: "by preset",
    about: "Requests per window, for an IP and for a user",
  },
  RATE_LIMIT_WRITE_MAX: { type: requests, derived: "by preset", about: "Writes among them" },
  RATE_LIMIT_WINDOW: { type: seconds, derived: "by preset", about: "Length of that window in seconds" },
  AUTH_RATE_LIMIT_MAX: {
    type: requests,
    default: "10",
    about: "Attempts per window and IP on each of sign-in, sign-up, forgot- and reset-password",
  },
  AUTH_RATE_LIMIT_WINDOW: { type: seconds, default: "60", about: "Length of that window in seconds" },
  AUTH_FAILURES_MAX: {
    type: requests,
    default: "1000",
    about:
      "Failed sign-ins per window, all accounts and IPs together; beyond it, places an account does not know get 5 attempts per /24 or /48",
  },
  AUTH_FAILURES_WINDOW: { type: seconds, default: "900", about: "Length of that window in seconds" },
  ...uploads,
  STORAGE_QUOTA_BYTES: {
    type: quota,
    default: `${50 * GIB}`,
    about: "Bytes the files of one organization may take up, or unlimited; platform admins may set another",
  },
} satisfies Record<string, Variable<unknown>>;
