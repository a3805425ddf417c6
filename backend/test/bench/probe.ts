/** Preloaded into every server that is measured (`node --import`): tells its parent what the process used. */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Since the message before. */
export interface Usage {
  readonly cpuMicroseconds: number;
  /** How late timers fire, 99th percentile. */
  readonly loopDelayMs: number;
  readonly rssBytes: number;
  readonly maxRssBytes: number;
}

if (process.send) {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  let cpu = process.cpuUsage();
  let maxRssBytes = process.memoryUsage.rss();
  const look = () => {
    maxRssBytes = Math.max(maxRssBytes, process.memoryUsage.rss());
  };
  setInterval(look, 20).unref();
  process.on("message", (message) => {
    if (message !== "usage") return;
    look();
    const { user, system } = process.cpuUsage(cpu);
    const rssBytes = process.memoryUsage.rss();
    // The resolution is part of every value of this histogram.
    const loopDelayMs = Math.max(0, delay.percentile(99) / 1e6 - 5);
    process.send?.({ usage: { cpuMicroseconds: user + system, loopDelayMs, rssBytes, maxRssBytes } });
    cpu = process.cpuUsage();
    maxRssBytes = rssBytes;
    delay.reset();
  });
  // Whatever becomes of the parent, nothing is left running.
  process.on("disconnect", () => process.exit());
  process.channel?.unref();
}
