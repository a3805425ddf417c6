import { AppError } from "../../errors.ts";
import type { Step } from "../corridor.ts";

const maxUrlBytes = 8 * 1024;

/** Nothing of ours needs a longer address; what Node's own header limit stops gets 431 from the server. */
export const urlLimit: Step = (c) => {
  const { url } = c.env.incoming;
  if ((url?.length ?? 0) > maxUrlBytes) throw new AppError("uri_too_long", "The URL may be at most 8 KB");
  if (/%00|\0/.test(url ?? "")) throw new AppError("validation_failed", "NUL characters are not allowed");
  return undefined;
};
