import { NIL } from "uuid";

/** A run ends well before the queue thinks that it hangs. */
const runMs = 20 * 60 * 1000;

interface Backlog {
  /** The id of the first of those that wait, after this one; undefined when there is none. */
  next(after: string): Promise<string | undefined>;
  work(id: string): Promise<void>;
  /** Rejects when `work` failed for what all of them need: the next run finds them again. */
  check(): Promise<void>;
}

/** Works off what waits, one after the other, oldest first; one that fails does not hold up the rest. */
export function createBacklog({ next, work, check }: Backlog): () => Promise<void> {
  /** Where a run that ended before the backlog did left off. */
  let goOnAfter: string = NIL;

  return async () => {
    const until = performance.now() + runMs;
    let failure: unknown;
    let after = goOnAfter;
    goOnAfter = NIL;
    for (;;) {
      if (performance.now() >= until) {
        goOnAfter = after;
        break;
      }
      const id = await next(after);
      if (id === undefined) break;
      after = id;
      try {
        await work(id);
      } catch (error) {
        await check();
        failure = error;
      }
    }
    if (failure) throw failure;
  };
}
