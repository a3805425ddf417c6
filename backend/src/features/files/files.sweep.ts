import type { Schedule } from "../../adapters/queue/port.ts";
import type { FilesDeps } from "./files.deps.ts";
import { findMissing } from "./files.missing.ts";
import { isPlausible, removeOrphans, takeStock } from "./files.orphans.ts";

interface Log {
  info(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Once a day: objects that no row leads to go, and rows without their object are told. */
export function createStoreSweep(deps: Pick<FilesDeps, "db" | "storage">, log: Log): Schedule {
  return {
    name: "store-sweep",
    cron: "23 4 * * *",
    async run() {
      const stock = await takeStock(deps);
      const { objects, orphans } = stock;
      if (!isPlausible(stock))
        log.error(
          { objects, orphans },
          "most objects have no row: nothing removed; is this the right database?",
        );
      else {
        const removed = await removeOrphans(deps, stock.keys);
        log.info({ objects, orphans, removed }, "store swept");
      }
      const { files, missing, ids } = await findMissing(deps);
      if (missing > 0) log.error({ files, missing, ids }, "files without bytes");
    },
  };
}
