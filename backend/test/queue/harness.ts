import { afterEach } from "vitest";
import { createDataKeys } from "../../src/adapters/data-keys/aes-gcm.ts";
import { createQueue, type Queue } from "../../src/adapters/queue/pg-boss.ts";
import type { JobHandlers } from "../../src/adapters/queue/port.ts";
import { fixedLogin } from "../../src/db/login.ts";

/** Two data keys. */
export const one = { version: 1, value: "gT5wJ8rC2xN6bM0vP4kF7hQ1zL9dS3yA" };
export const two = { version: 2, value: "Vt5mQz8nWr3bKx7cLp1dHs9fGj2aYe4T" };

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
    create(url = databaseUrl, ring = [one]): Queue {
      const keys = createDataKeys(ring);
      const queue = createQueue({ login: fixedLogin(url), applicationName: "queue test", keys, log });
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
