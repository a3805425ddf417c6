/**
 * Asks only when the last good answer is older than `ttlMs`; callers at the same time share one question.
 * A failure is never remembered.
 */
export function recentCheck(check: () => Promise<void>, ttlMs: number): () => Promise<void> {
  let goodUntil = 0;
  let asking: Promise<void> | undefined;
  return async () => {
    if (performance.now() < goodUntil) return;
    asking ??= check().finally(() => {
      asking = undefined;
    });
    await asking;
    goodUntil = performance.now() + ttlMs;
  };
}
