import { setTimeout as wait } from "node:timers/promises";

/** Longer than the work takes on a machine that is not overrun: then every answer comes at the first beat. */
const beatMs = 250;

/**
 * Answers, and refuses, on a beat: how long the work took cannot be told from outside, not even to within the
 * milliseconds in which something is written for an address that has an account, and nothing for one that has none.
 */
export async function onTheBeat<T>(work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    return await work();
  } finally {
    await wait(beatMs - ((performance.now() - began) % beatMs));
  }
}
