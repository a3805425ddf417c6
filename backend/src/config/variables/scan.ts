import { choice, socketPath, wholeNumber, word } from "../values/basic.ts";
import type { Variable } from "../variable.ts";

export const scan = {
  SCAN: {
    type: choice("off", "on", "required"),
    default: "off",
    about: "Malware scan of uploads: off, on, or required (nothing unscanned is served)",
  },
  CLAMD_HOST: { type: word, about: "Host of ClamAV's clamd; it or CLAMD_SOCKET is required unless SCAN=off" },
  CLAMD_PORT: { type: wholeNumber(1, 65_535), default: "3310", about: "Its port" },
  CLAMD_SOCKET: { type: socketPath, about: "Unix socket of clamd, instead of host and port" },
  // clamd's own hard limit is below 2 GiB.
  SCAN_MAX_BYTES: {
    type: wholeNumber(1, 2_147_483_647),
    default: "104857600",
    about: "Largest file sent to clamd; at most its StreamMaxLength and MaxFileSize",
  },
  SCAN_TIMEOUT: {
    type: wholeNumber(1, 3600),
    default: "180",
    about: "Seconds that clamd may be silent; more than its MaxScanTime",
  },
} satisfies Record<string, Variable<unknown>>;
