import type pg from "pg";
import type { Login } from "../../db/login.ts";

const CHECK_MS = 10_000;
const ANSWER_MS = 5_000;
const LAST_RETRY_MS = 30_000;

/**
 * Listens on a connection of `pool` that is kept for it, and on another one when that is lost, falls silent or signed in
 * with an older password.
 *
 * @param onReconnect told after each time it began to listen: what was said in between was not heard
 */
export function createListener(pool: pg.Pool, login: Login) {
  return async (channel: string, onMessage: (text: string) => void, onReconnect: () => void) => {
    let closed = false;
    let end: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;

    async function listen(): Promise<void> {
      const client = await pool.connect();
      const { generation } = login;
      if (closed) return client.release(true);
      let isOver = false;
      const over = (): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        client.release(true);
        if (!closed) again(1000);
      };
      end = over;
      client.on("error", over);
      client.once("end", over);
      client.on("notification", ({ payload }) => payload !== undefined && onMessage(payload));
      const check = async (): Promise<void> => {
        const tooLate = setTimeout(over, ANSWER_MS);
        try {
          const { rows } = await client.query("select 1 from pg_listening_channels() c where c = $1", [
            channel,
          ]);
          if (rows.length === 0 || generation !== login.generation) over();
        } catch {
          over();
        } finally {
          clearTimeout(tooLate);
        }
        if (!isOver) timer = setTimeout(check, CHECK_MS);
      };
      try {
        await client.query(`listen "${channel}"`);
      } catch (error) {
        isOver = true;
        client.release(true);
        throw error;
      }
      timer = setTimeout(check, CHECK_MS);
      onReconnect();
    }

    function again(delay: number): void {
      timer = setTimeout(() => {
        listen().catch(() => !closed && again(Math.min(delay * 2, LAST_RETRY_MS)));
      }, delay);
    }

    await listen();
    return {
      async close(): Promise<void> {
        closed = true;
        clearTimeout(timer);
        end?.();
      },
    };
  };
}
