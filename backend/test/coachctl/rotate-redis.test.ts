import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { describe, expect, test, vi } from "vitest";
import { rotate, rotateCommand } from "../../src/coachctl/rotate.ts";
import { hasRedis } from "../harness/fleet-parts.ts";
import { startRedis } from "../harness/redis.ts";
import { secretFolder } from "../secret-files/secret-file.ts";

const { file, write } = secretFolder();

describe.runIf(hasRedis)("the password of Redis", async () => {
  const redis = await startRedis();
  const path = file("redis_password", redis.password);
  const environment = { REDIS_URL: redis.url, REDIS_PASSWORD_FILE: path };
  const inFile = () => readFileSync(path, "utf8").trim();

  async function change(command = rotate, ...flags: string[]): Promise<string> {
    const lines: string[] = [];
    const words = ["REDIS_PASSWORD", ...flags];
    const terminal = { environment, arguments: words, readLine: async () => "" };
    await command.run({ ...terminal, print: (text) => void lines.push(text) });
    return lines.join("\n");
  }

  function connection(password: string): Redis {
    const made = new Redis(redis.url, { password, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    return made.on("error", () => {});
  }

  async function signsIn(password: string): Promise<boolean> {
    const made = connection(password);
    return made
      .ping()
      .then(
        () => true,
        () => false,
      )
      .finally(() => made.disconnect());
  }

  test("both are good until servers had the time to read the file, then only the new one; nobody is cut off", async () => {
    const old = inFile();
    const server = connection(old);
    await server.ping();
    const between: unknown[] = [];
    const watched = rotateCommand(async (seconds) => {
      between.push(seconds, inFile() !== old, await signsIn(old), await signsIn(inFile()));
    });
    const text = await change(watched, "--wait", "3");
    expect(between).toEqual([3, true, true, true]);
    expect([await signsIn(old), await signsIn(inFile())]).toEqual([false, true]);
    expect(await server.ping()).toBe("PONG");
    expect(text).not.toContain(inFile());
    server.disconnect();
  });

  test("what a run that was interrupted left behind goes with the next one", async () => {
    const old = inFile();
    const interrupted = rotateCommand(() => Promise.reject(new Error("interrupted")));
    await expect(change(interrupted)).rejects.toThrow("interrupted");
    const left = inFile();
    expect([await signsIn(old), await signsIn(left)]).toEqual([true, true]);
    await change(rotate, "--wait", "0");
    expect(await Promise.all([old, left, inFile()].map(signsIn))).toEqual([false, false, true]);
  });

  test("of two runs at once the first one stops, and what is in the file stays good", async () => {
    const { promise: firstIsOver, resolve: letSecondGoOn } = Promise.withResolvers<void>();
    let second: Promise<string> | undefined;
    const first = rotateCommand(async () => {
      const before = inFile();
      second = change(rotateCommand(() => firstIsOver));
      await expect.poll(inFile, { timeout: 15_000 }).not.toBe(before);
    });
    await expect(change(first)).rejects.toThrow(/was changed meanwhile/);
    letSecondGoOn();
    await second;
    expect(await signsIn(inFile())).toBe(true);
  });

  test("in a breach the old one is void at once, and whoever signed in with it is cut off", async () => {
    const old = inFile();
    const thief = connection(old);
    await thief.ping();
    const ended = new Promise((tell) => thief.once("end", tell));
    await change(rotate, "--breach");
    await ended;
    expect([await signsIn(old), await signsIn(inFile())]).toEqual([false, true]);
  });

  test("no command has it, only what Redis keeps of one", async () => {
    const sent = vi.spyOn(Redis.prototype, "call");
    await change(rotate, "--wait", "0");
    const texts = JSON.stringify(sent.mock.calls);
    sent.mockRestore();
    expect(texts).toMatch(/"SETUSER","default","#[0-9a-f]{64}"/);
    expect(texts).not.toContain(inFile());
  });

  test("a password that Redis does not take is refused, and the file stays", async () => {
    const right = inFile();
    write("redis_password", "not-the-password-of-redis");
    await expect(change()).rejects.toThrow("Redis refused (WRONGPASS)");
    expect(inFile()).toBe("not-the-password-of-redis");
    write("redis_password", right);
  });

  test("a user who may not change it is refused, and the file stays", async () => {
    const right = inFile();
    const admin = connection(right);
    await admin.call("ACL", "SETUSER", "limited", "on", `>${right}`, "~*", "+@all", "-acl|setuser");
    const limited = { ...environment, REDIS_URL: redis.url.replace("//", "//limited@") };
    const run = rotate.run({
      environment: limited,
      arguments: ["REDIS_PASSWORD"],
      print: () => {},
      readLine: async () => "",
    });
    await expect(run).rejects.toThrow("Redis refused (NOPERM)");
    expect(inFile()).toBe(right);
    await redis.stop();
    await expect(change()).rejects.toThrow("Redis refused (ECONNREFUSED)");
    expect(inFile()).toBe(right);
    admin.disconnect();
  });
});
