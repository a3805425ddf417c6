import { spawnSync } from "node:child_process";

/** Debian puts nginx where only root looks. */
export const fleetEnv = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

const isInstalled = (program: string): boolean =>
  spawnSync(program, ["--version"], { env: fleetEnv }).error === undefined;

/** Whether Redis is installed here. In CI it has to be: there the tests run, and fail without it. */
export const hasRedis = Boolean(process.env.CI) || isInstalled("redis-server");

/** Whether there is what several servers need: nginx in front of them, Redis behind them. In CI there has to be. */
export const hasFleet = hasRedis && (Boolean(process.env.CI) || isInstalled("nginx"));
