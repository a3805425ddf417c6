import type { Queue } from "pg-boss";
import type { JobName } from "./port.ts";

interface JobSettings extends Omit<Queue, "name"> {
  /** Jobs that one worker takes at a time and runs side by side. */
  readonly batchSize: number;
  /** Its data lies encrypted in the job table, and so in dead letters, dumps and backups. */
  readonly sealed?: true;
}

const HOUR = 3600;

/** Jobs that failed for good wait here, under their own data, until an operator redrives or deletes them. */
export const DEAD_LETTERS = "dead-letter";

const SHARED = {
  notify: true,
  retryBackoff: true,
  // A job whose process died is taken up again a minute or two later, however long it may run.
  heartbeatSeconds: 60,
  // Finished jobs do not stay around, with what they carried.
  deleteAfterSeconds: HOUR,
};

const KEPT = { ...SHARED, deadLetter: DEAD_LETTERS };

/** Delays start at `retryDelay` and double, with jitter, up to `retryDelayMax`; seconds. */
export const JOB_SETTINGS: Readonly<Record<JobName, JobSettings>> = {
  // Some four and a half days of a mail server being away.
  mail: {
    ...KEPT,
    // Links that open accounts, and addresses of people.
    sealed: true,
    batchSize: 10,
    retryLimit: 900,
    retryDelay: 1,
    retryDelayMax: 600,
    expireInSeconds: 300,
  },
  // Neither of these two is kept when it failed: a schedule takes over, which finds what waits in the files themselves.
  "file-verify": {
    ...SHARED,
    batchSize: 2,
    retryLimit: 5,
    retryDelay: 2,
    retryDelayMax: 60,
    expireInSeconds: HOUR,
  },
  "file-scan": {
    ...SHARED,
    batchSize: 1,
    retryLimit: 5,
    retryDelay: 2,
    retryDelayMax: 60,
    expireInSeconds: HOUR,
  },
  "object-delete": {
    ...KEPT,
    batchSize: 2,
    retryLimit: 200,
    retryDelay: 2,
    retryDelayMax: HOUR,
    expireInSeconds: 900,
  },
};

/** A run that failed is not repeated, the clock brings the next one; and no run starts while one is going on. */
export const SCHEDULE_SETTINGS = {
  policy: "exclusive",
  notify: true,
  retryLimit: 0,
  heartbeatSeconds: 60,
  expireInSeconds: HOUR,
} satisfies Omit<Queue, "name">;

/** The queue behind a schedule. */
export const scheduleQueue = (name: string): string => `schedule.${name}`;
