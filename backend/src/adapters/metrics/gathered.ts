import { Counter, Gauge, type Registry } from "prom-client";
import type { PoolState } from "../../db/watched-pool.ts";

export interface Sources {
  readonly pools: Readonly<Record<string, () => PoolState>>;
  /** Codes of problems answered, counted elsewhere. */
  readonly problems: () => Readonly<Record<string, number>>;
  readonly queue: () => Promise<QueueState>;
  /** When the last good backup ended, in seconds since 1970; null when there never was one. */
  readonly lastBackup: () => Promise<number | null>;
}

interface QueueState {
  readonly failed: number;
  readonly queues: readonly {
    readonly name: string;
    readonly queued: number;
    readonly oldestSeconds: number;
  }[];
}

/** What is looked up when somebody asks for it. A part that does not answer is left out, and the rest is there. */
export function addGathered(registry: Registry, { pools, problems, queue, lastBackup }: Sources): void {
  const registers = [registry];
  const queueState = asked(queue);
  const backupState = asked(async () => ({ at: await lastBackup() }));

  const gauge = (name: string, help: string, labelNames: string[], read: (own: Gauge) => unknown) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        this.reset();
        if (labelNames.length === 0) this.remove();
        await read(this);
      },
    });
  const total = (name: string, help: string, labelNames: string[], read: (own: Counter) => void) =>
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        read(this);
      },
    });

  gauge("coaching_database_pool_connections", "Connections of this process", ["pool", "state"], (own) => {
    for (const [pool, state] of Object.entries(pools)) {
      const { total: all, idle } = state();
      own.set({ pool, state: "idle" }, idle);
      own.set({ pool, state: "used" }, all - idle);
    }
  });
  gauge("coaching_database_pool_waiting", "Who waits for a connection now", ["pool"], (own) => {
    for (const [pool, state] of Object.entries(pools)) own.set({ pool }, state().waiting);
  });
  total("coaching_database_pool_waits_total", "Waits for a connection", ["pool"], (own) => {
    for (const [pool, state] of Object.entries(pools)) own.inc({ pool }, state().waits);
  });
  total("coaching_database_pool_wait_seconds_total", "Time in waits for a connection", ["pool"], (own) => {
    for (const [pool, state] of Object.entries(pools)) own.inc({ pool }, state().waitSeconds);
  });
  total("coaching_problems_total", "Answers that are a problem, by its code", ["code"], (own) => {
    for (const [code, count] of Object.entries(problems())) own.inc({ code }, count);
  });

  gauge(
    "coaching_queue_jobs",
    "Jobs that are not done, on all instances together",
    ["queue"],
    async (own) => {
      for (const { name, queued } of (await queueState())?.queues ?? []) own.set({ queue: name }, queued);
    },
  );
  gauge("coaching_queue_oldest_seconds", "Age of the oldest job that is not done", ["queue"], async (own) => {
    for (const { name, oldestSeconds } of (await queueState())?.queues ?? [])
      own.set({ queue: name }, oldestSeconds);
  });
  gauge("coaching_queue_dead_letters", "Jobs that failed for good and wait for a person", [], async (own) => {
    const state = await queueState();
    if (state) own.set(state.failed);
  });
  gauge(
    "coaching_backup_last_success_timestamp_seconds",
    "When the last good backup ended",
    [],
    async (own) => {
      const at = (await backupState())?.at;
      if (typeof at === "number") own.set(at);
    },
  );
  gauge("coaching_database_up", "Whether the database answers", [], async (own) =>
    own.set((await backupState()) ? 1 : 0),
  );
}

const recentMs = 5000;
const patienceMs = 2000;

/** Asks at most once in five seconds, however many ask; null for what fails or does not answer in two. */
function asked<T>(ask: () => Promise<T>): () => Promise<T | null> {
  let recent: { readonly askedAt: number; readonly answer: Promise<T | null> } | undefined;
  return () => {
    if (!recent || performance.now() - recent.askedAt > recentMs)
      recent = { askedAt: performance.now(), answer: inTime(ask) };
    return recent.answer;
  };
}

async function inTime<T>(ask: () => Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), patienceMs);
  });
  try {
    return await Promise.race([ask().catch(() => null), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
