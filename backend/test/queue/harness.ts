import { afterEach } from "vitest";
import { createQueue, type Queue } from "../../src/adapters/queue/pg-boss.ts";
import type { JobHandlers } from "../../src/adapters/queue/port.ts";
import { fixedLogin } from "../../src/db/login.ts";

/** Queues that end with their test, and what they logged. */
export function queues(databaseUrl: string) {
  const started: Queue[] = [];
  const lines: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  const at = (level: string) => (fields: unknown, message?: string) => {
    lines.push({ level, fields: fields as Record<string, unknown>, message: message ?? "" });
  };
  const log = { info: at("info"), warn: at("warn"), error: at("error") };

  afterEach(async () => {
    await Promise.all(started.splice(0).map((queue) => queue.stop()));
    lines.length = 0;
  });

  return {
    lines,
    create(url = databaseUrl): Queue {
      const queue = createQueue({ login: fixedLogin(url), applicationName: "queue test", log });
      started.push(queue);
      return queue;
    },
  };
}

/** Handlers for every job; those not named do nothing. */
export const handlersWith = (some: Partial<JobHandlers>): JobHandlers => ({
  mail: async () => {},
  "file-verify": async () => {},
  "file-scan": async () => {},
  "object-delete": async () => {},
  ...some,
});
