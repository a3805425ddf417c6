import { PgBoss } from "pg-boss";
import { fixedLogin } from "../../db/login.ts";
import { createLoginPool } from "../../db/login-pool.ts";
import { DEAD_LETTERS } from "./settings.ts";

/** Many at a time, so that no statement takes long. */
const portion = 500;

/**
 * Gives what failed for good back to the queues it came from, to be tried anew.
 *
 * @param url as `coaching_app`
 * @returns how many jobs
 */
export async function redriveDeadLetters(url: string): Promise<number> {
  const pool = createLoginPool(fixedLogin(url), { max: 1, connectionTimeoutMillis: 10_000 });
  const boss = new PgBoss({
    db: { executeSql: (text, values) => pool.query(text, values) },
    schema: "pgboss",
    migrate: false,
    supervise: false,
    schedule: false,
  });
  const faults: Error[] = [];
  boss.on("error", (error) => void faults.push(error));
  try {
    await boss.start();
    // What fails again meanwhile is left for the next time.
    const createdBefore = new Date();
    let moved = 0;
    for (let n = portion; n === portion; moved += n)
      n = await boss.redrive(DEAD_LETTERS, { limit: portion, createdBefore });
    if (faults[0]) throw faults[0];
    return moved;
  } finally {
    await boss.stop({ graceful: false });
    await pool.end();
  }
}
