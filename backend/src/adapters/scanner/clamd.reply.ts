import { AppError } from "../../errors.ts";
import type { Verdict } from "./port.ts";

/** clamd's names for what its own limits kept it from looking at (`AlertExceedsMax`). */
const limit = /^Heuristics\.Limits\.Exceeded/;

/**
 * What clamd says of a stream. Anything but its three known sentences is no verdict.
 *
 * @throws AppError unavailable
 */
export function readReply(reply: string): Verdict {
  if (reply === "stream: OK") return { is: "clean" };
  if (reply === "INSTREAM size limit exceeded. ERROR")
    return { is: "unscannable", reason: "larger than StreamMaxLength of clamd" };
  const found = /^stream: (.{1,500}) FOUND$/s.exec(reply)?.[1];
  if (found === undefined)
    throw new AppError("unavailable", "The malware scanner gave no verdict", { retryAfter: 60 });
  const threat = found.replace(/[^\x21-\x7e]/g, "_").slice(0, 200);
  return limit.test(threat) ? { is: "unscannable", reason: threat } : { is: "infected", threat };
}
