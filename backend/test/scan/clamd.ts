import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { freePort } from "./sockets.ts";

/**
 * The ClamAV daemon that CLAMD_HOST and CLAMD_PORT name, as settings of the application; null without it, and then a
 * failed test in CI. Call at the top of a test file.
 */
export function sharedClamd(): { CLAMD_HOST: string; CLAMD_PORT: string } | null {
  const { CLAMD_HOST, CLAMD_PORT = "3310", CI } = process.env;
  describe("the malware scanner of the tests", () => {
    it.skipIf(CLAMD_HOST === undefined && !CI)("is there: CLAMD_HOST names it", () => {
      expect(CLAMD_HOST).toBeTruthy();
    });
  });
  return CLAMD_HOST === undefined ? null : { CLAMD_HOST, CLAMD_PORT };
}

/** Largest file that the daemon of `.ci/clamd.sh` takes. */
export const streamMaxLength = 8 * 1024 * 1024;

const script = new URL("../../../.ci/clamd.sh", import.meta.url).pathname;

/** A ClamAV daemon of one's own, to be killed; ends with the test file. */
export async function ownClamd() {
  const state = mkdtempSync(join(tmpdir(), "coaching-clamd-"));
  const env = { ...process.env, STATE: state, CLAMD_PORT: String(await freePort()) };
  const run = (verb: string) => void execFileSync(script, [verb], { env, stdio: "pipe" });
  const pidFile = join(state, "pid");
  afterAll(() => {
    run("stop");
    rmSync(state, { recursive: true, force: true });
  });
  return {
    settings: { CLAMD_HOST: "127.0.0.1", CLAMD_PORT: env.CLAMD_PORT },
    start: () => run("start"),
    kill() {
      if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
    },
  };
}
