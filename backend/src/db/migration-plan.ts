import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Queryable } from "./client.ts";
import { type Step, stepsOf } from "./expand-only.ts";
import { reviewedSteps } from "./reviewed-steps.ts";
import { appliedMigrations, defaultMigrationsFolder, expectedMigrations } from "./schema-state.ts";

export interface Plan {
  /** Nothing has been migrated here, so no release runs that a migration could disturb. */
  readonly isFirst: boolean;
  readonly pending: readonly { readonly name: string; readonly steps: readonly Step[] }[];
}

/** What `migrate` would do now. Reads only. */
export async function planMigrations(database: Queryable, folder = defaultMigrationsFolder()): Promise<Plan> {
  const applied = await appliedMigrations(database);
  const pending = expectedMigrations(folder).filter(({ when }) => !applied.has(when));
  return {
    isFirst: applied.size === 0,
    pending: pending.map(({ tag }) => ({ name: tag, steps: readSteps(folder, tag) })),
  };
}

/** The steps of one migration; what somebody has looked at and found harmless narrows nothing. */
export function readSteps(folder: string, tag: string): readonly Step[] {
  return stepsOf(readFileSync(join(folder, `${tag}.sql`), "utf8")).map((step) => {
    const { kind, statement } = step;
    return Object.hasOwn(reviewedSteps, `${tag}: ${statement}`) ? { kind, statement } : step;
  });
}
