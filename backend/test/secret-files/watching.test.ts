import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { watchSecrets } from "../../src/config/watch-secrets.ts";
import { followSecrets } from "../../src/process/lifecycle.ts";
import { freshSecret, secretFolder } from "./secret-file.ts";

const { folder, file, write } = secretFolder();

async function watching(variables: Record<string, string>) {
  const lines: { level: string; details: object; text: string }[] = [];
  const at = (level: string) => (details: object, text: string) => void lines.push({ level, details, text });
  const environment = { NODE_ENV: "test", DATABASE_URL: "postgres://app@127.0.0.1:1/app", ...variables };
  const watch = await watchSecrets(environment);
  watch.start({ info: at("info"), warn: at("warn"), error: at("error") }, 1_000_000);
  return { watch, lines };
}

test("a changed file is in use after the next look, and every part is told once", async () => {
  const [before, after] = [freshSecret(), freshSecret()];
  const { watch, lines } = await watching({ DATABASE_PASSWORD_FILE: file("told", `${before}\n`) });
  const told: string[] = [];
  watch.onChange((now) => told.push(now.database.url));
  await watch.refresh();
  expect(told).toEqual([]);
  write("told", `${after}\n`);
  await Promise.all([watch.refresh(), watch.refresh()]);
  await watch.refresh();
  expect(told).toEqual([`postgres://app:${after}@127.0.0.1:1/app`]);
  expect(watch.current.database.url).toBe(told[0]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    level: "info",
    details: { secret: "DATABASE_PASSWORD", fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/) },
  });
  expect(JSON.stringify(lines)).not.toContain(after);
  watch.stop();
});

test("a part that cannot take a change keeps nobody else from it", async () => {
  const { watch, lines } = await watching({ METRICS_TOKEN_FILE: file("thrown", freshSecret()) });
  const told: (readonly string[])[] = [];
  watch.onChange(() => {
    throw new TypeError("the first part fails");
  });
  watch.onChange(({ metricsTokens }) => told.push(metricsTokens));
  for (const next of [freshSecret(), freshSecret()]) {
    write("thrown", next);
    await watch.refresh();
    expect(told.at(-1)).toEqual([next]);
    expect(watch.current.metricsTokens).toEqual([next]);
  }
  expect(lines.filter(({ level }) => level === "error")).toMatchObject([
    { details: { err: expect.any(TypeError) } },
    { details: { err: expect.any(TypeError) } },
  ]);
  watch.stop();
});

describe("what cannot be used leaves everything as it was", () => {
  test.each([
    ["empty", (name: string) => write(name, "")],
    ["too short", (name: string) => write(name, "short")],
    ["gone", (name: string) => rmSync(join(folder, name))],
    ["of control characters", (name: string) => write(name, `${freshSecret()}\u0007`)],
  ])("a file that is %s", async (what, spoil) => {
    const name = `spoiled-${what}`;
    const good = freshSecret();
    const { watch, lines } = await watching({ METRICS_TOKEN_FILE: file(name, good) });
    expect(watch.state).toBe("ok");
    spoil(name);
    await watch.refresh();
    await watch.refresh();
    expect(watch.current.metricsTokens).toEqual([good]);
    expect(watch.state).toBe("refused");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: "warn", text: expect.stringContaining("refused") });
    expect(JSON.stringify(lines)).toContain("METRICS_TOKEN");
    const next = freshSecret();
    write(name, next);
    await watch.refresh();
    expect([watch.state, watch.current.metricsTokens]).toEqual(["ok", [next]]);
    watch.stop();
  });
});

test("secrets that belong together are taken together, or not at all", async () => {
  const s3 = { S3_ENDPOINT: "http://127.0.0.1:1", S3_ACCESS_KEY_ID: "id", S3_SECRET_ACCESS_KEY: "secret" };
  const { watch } = await watching({
    ...s3,
    S3_UPLOAD_ACCESS_KEY_ID_FILE: file("upload-id", "one"),
    S3_UPLOAD_SECRET_ACCESS_KEY_FILE: file("upload-secret", "secret-one"),
  });
  write("upload-id", "two");
  for (const not of ["", "secret-one"]) {
    write("upload-secret", not);
    await watch.refresh();
    expect(watch.state).toBe("refused");
  }
  expect(watch.current.storage).toMatchObject({
    upload: { accessKeyId: "one", secretAccessKey: "secret-one" },
  });
  write("upload-secret", "secret-two");
  await watch.refresh();
  expect(watch.current.storage).toMatchObject({
    upload: { accessKeyId: "two", secretAccessKey: "secret-two" },
  });
  // The same key with another secret, as a store of the MinIO family may give it.
  write("upload-secret", "secret-three");
  await watch.refresh();
  expect([watch.state, watch.current.storage]).toMatchObject(["ok", { upload: { accessKeyId: "two" } }]);
  watch.stop();
});

test("a folder that is swapped by a link, as Kubernetes does, counts as changed", async () => {
  const release = (name: string, value: string) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "metrics_token"), value);
    symlinkSync(name, join(folder, "data-next"));
    renameSync(join(folder, "data-next"), join(folder, "data"));
  };
  const [before, after] = [freshSecret(), freshSecret()];
  release("v1", before);
  const { watch } = await watching({ METRICS_TOKEN_FILE: join(folder, "data", "metrics_token") });
  release("v2", after);
  await watch.refresh();
  expect(watch.current.metricsTokens).toEqual([after]);
  watch.stop();
});

test("the files are looked at without being asked", async () => {
  const [before, after] = [freshSecret(), freshSecret()];
  const { watch } = await watching({ METRICS_TOKEN_FILE: file("polled", before) });
  const changed = new Promise<readonly string[]>((tell) => watch.onChange((now) => tell(now.metricsTokens)));
  watch.start({ info() {}, warn() {}, error() {} }, 20);
  write("polled", after);
  expect(await changed).toEqual([after]);
  watch.stop();
});

test("SIGHUP is a look at once", async () => {
  const [before, after] = [freshSecret(), freshSecret()];
  const { watch } = await watching({ METRICS_TOKEN_FILE: file("signalled", before) });
  const changed = new Promise<readonly string[]>((tell) => watch.onChange((now) => tell(now.metricsTokens)));
  // It never looks by itself here.
  followSecrets({ ...watch, start: () => undefined }, pino({ enabled: false }));
  write("signalled", after);
  process.kill(process.pid, "SIGHUP");
  expect(await changed).toEqual([after]);
  process.removeAllListeners("SIGHUP");
});

test("secrets from the environment itself are off: they cannot change", async () => {
  const { watch } = await watching({ METRICS_TOKEN: freshSecret() });
  expect(watch.state).toBe("off");
  expect(Object.keys(await watch.fingerprints())).toEqual(["METRICS_TOKEN", "DATABASE_URL"]);
});
