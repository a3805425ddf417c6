import type { JobHandlers, Schedule } from "../queue/port.ts";

type Around = (job: string, run: () => Promise<void>) => Promise<void>;

/** The same handlers, with each run told to `around` under the name of its queue. */
export function watchedHandlers(handlers: JobHandlers, around: Around): JobHandlers {
  const entries = Object.entries(handlers) as [string, (data: unknown) => Promise<void>][];
  return Object.fromEntries(
    entries.map(([name, handle]) => [name, (data: unknown) => around(name, () => handle(data))]),
  ) as unknown as JobHandlers;
}

/** The same schedules, with each run told to `around` under their name. */
export const watchedSchedules = (schedules: readonly Schedule[], around: Around): Schedule[] =>
  schedules.map((schedule) => ({ ...schedule, run: () => around(schedule.name, () => schedule.run()) }));
