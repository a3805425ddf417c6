import { choice, wholeNumber } from "../values/basic.ts";
import type { Variable } from "../variable.ts";

const requests = wholeNumber(1, 1_000_000);
const seconds = wholeNumber(1, 86_400);
const MIB = 1024 ** 2;
/** What S3 takes in one PUT. */
const bytes = wholeNumber(1, 5 * 1024 * MIB);

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
  AVATAR_MAX_BYTES: { type: bytes, default: `${5 * MIB}`, about: "Largest picture of a user" },
  LOGO_MAX_BYTES: { type: bytes, default: `${5 * MIB}`, about: "Largest logo of an organization" },
  DOCUMENT_MAX_BYTES: { type: bytes, default: `${100 * MIB}`, about: "Largest file of an organization" },
} satisfies Record<string, Variable<unknown>>;
