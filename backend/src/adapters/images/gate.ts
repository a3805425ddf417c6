import { AppError } from "../../errors.ts";

const maxWaiting = 32;
const maxWaitMs = 10_000;

/**
 * One picture at a time: decoding takes a thread of Node's pool, where passwords are hashed and disks are read, and at
 * worst hundreds of megabytes. Who would wait too long is told to come back.
 */
export function createGate() {
  let busy = false;
  const waiting: (() => void)[] = [];

  async function enter(): Promise<void> {
    if (!busy) {
      busy = true;
      return;
    }
    if (waiting.length >= maxWaiting) throw tooMany();
    await new Promise<void>((resolve, reject) => {
      const admit = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(admit), 1);
        reject(tooMany());
      }, maxWaitMs);
      waiting.push(admit);
    });
  }

  return async <T>(work: () => Promise<T>): Promise<T> => {
    await enter();
    try {
      return await work();
    } finally {
      // The place goes straight to the next in line, so `busy` changes only when nobody waits.
      const next = waiting.shift();
      if (next) next();
      else busy = false;
    }
  };
}

const tooMany = () => new AppError("unavailable", "Too many pictures at the moment", { retryAfter: 5 });
