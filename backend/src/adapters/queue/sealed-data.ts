import { AppError } from "../../errors.ts";
import { type DataKeys, UnknownKeyError } from "../data-keys/port.ts";
import type { JobName, Jobs } from "./port.ts";
import { JOB_SETTINGS } from "./settings.ts";

/** What lies in the job table in place of the data of a job whose settings say `sealed`. */
export interface SealedData {
  readonly sealed: string;
}

/**
 * Tries before a job whose key is not known is put aside, some ten minutes: while a key changes, another process may
 * have read its files already.
 */
const ATTEMPTS = 10;

/** Of the data of a job, its place among all that data keys seal. */
export const placeOf = (name: string): string => `job.${name}`;

/** What is written into the job table. */
export function sealData<N extends JobName>(keys: DataKeys, name: N, data: Jobs[N]): Jobs[N] | SealedData {
  if (!JOB_SETTINGS[name].sealed) return data;
  return { sealed: keys.seal(placeOf(name), JSON.stringify(data)) };
}

/**
 * What the handler is given. A job of the release before carries its data as it is.
 *
 * @param attempt counts from 1
 * @throws AppError `unprocessable` when trying again is of no use, `unavailable` while it may be
 */
export function openData<N extends JobName>(
  keys: DataKeys,
  name: N,
  data: Jobs[N] | SealedData,
  attempt: number,
): Jobs[N] {
  if (!("sealed" in data)) return data;
  try {
    return JSON.parse(keys.open(placeOf(name), data.sealed)) as Jobs[N];
  } catch (error) {
    const isHopeless = !(error instanceof UnknownKeyError) || attempt >= ATTEMPTS;
    const reason = error instanceof Error ? error.message : "unknown error";
    throw new AppError(isHopeless ? "unprocessable" : "unavailable", reason);
  }
}
