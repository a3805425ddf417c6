import { chmodSync, readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { rotate, rotateCommand } from "../../src/coachctl/rotate.ts";
import { status } from "../../src/coachctl/secrets-status.ts";
import { rotatable } from "../../src/config/rotation.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson } from "../harness/client.ts";
import { freshSecret, secretFolder } from "../secret-files/secret-file.ts";

const { folder, file } = secretFolder();
const environment = {
  BETTER_AUTH_SECRETS_FILE: file("better_auth_secrets", `1:${freshSecret()}`),
  DATA_KEYS_FILE: file("data_keys", `1:${freshSecret()}`),
  METRICS_TOKEN_FILE: file("metrics_token", freshSecret()),
  STORAGE_SIGNING_KEY_FILE: file("storage_signing_key", freshSecret()),
  CLIENT_API_KEY_FILE: file("client_api_key", `web:${freshSecret()},ios:${freshSecret()}`),
};
type Name = "BETTER_AUTH_SECRETS" | "DATA_KEYS" | "METRICS_TOKEN" | "STORAGE_SIGNING_KEY" | "CLIENT_API_KEY";
const contents = (name: Name) => readFileSync(environment[`${name}_FILE`], "utf8").trim();
/** The secrets in a text, without versions and names. */
const secretsIn = (text: string) => text.split(",").map((entry) => entry.replace(/^[^:]*:/, ""));

async function run(command: typeof rotate, words: string[], settings: Record<string, string> = environment) {
  const lines: string[] = [];
  const code = await command.run({
    environment: settings,
    arguments: words,
    print: (text) => void lines.push(text),
    readLine: async () => "",
  });
  return { code, text: lines.join("\n") };
}

const app = await startTestApp({
  worker: false,
  env: { ...environment, BETTER_AUTH_SECRETS: "", STORAGE_SIGNING_KEY: "" },
});
const me = async (token: string | undefined) => (await call(app, "GET", "/api/v1/me", { token })).status;

describe("the sign-in secret", () => {
  test("is known everywhere before anything is signed with it", () => {
    const old = `7:${freshSecret()}`;
    const [known, current, ...more] = rotatable.BETTER_AUTH_SECRETS.routine(old);
    expect(known).toMatch(/^7:[^,]+,8:[^,]+$/);
    expect(current).toBe(known.split(",").toReversed().join());
    expect(more).toEqual([]);
  });

  test("changes while people stay signed in; in a breach every token is void", async () => {
    const { token } = await createPerson(app);
    const first = contents("BETTER_AUTH_SECRETS");
    expect(await run(rotate, ["BETTER_AUTH_SECRETS", "--wait", "0"])).toMatchObject({ code: 0 });
    expect(contents("BETTER_AUTH_SECRETS")).toMatch(/^2:[^,]+,1:[^,]+$/);
    expect(contents("BETTER_AUTH_SECRETS").endsWith(first)).toBe(true);
    await app.deps.live.refresh();
    expect(await me(token)).toBe(200);

    const { text } = await run(rotate, ["BETTER_AUTH_SECRETS", "--breach"]);
    expect(text).toContain("coachctl sessions revoke --all");
    expect(contents("BETTER_AUTH_SECRETS")).toMatch(/^3:[^,]+$/);
    await app.deps.live.refresh();
    expect(await me(token)).toBe(401);
    expect(await me((await createPerson(app)).token)).toBe(200);
  });
});

test("a breach is not over while BETTER_AUTH_SECRET is set as well, and its tokens are good", async () => {
  const file = contents("BETTER_AUTH_SECRETS");
  const settings = { ...environment, BETTER_AUTH_SECRET: freshSecret() };
  const { code, text } = await run(rotate, ["BETTER_AUTH_SECRETS", "--breach"], settings);
  expect(contents("BETTER_AUTH_SECRETS")).not.toBe(file);
  expect(code).toBe(1);
  expect(text).toContain("BETTER_AUTH_SECRET is set as well, and its tokens are good");
  expect(text).not.toContain("is void");
});

test("a data key stays good for what it sealed, in a breach too, until a person takes it out", async () => {
  const first = contents("DATA_KEYS");
  const [known, current] = rotatable.DATA_KEYS.routine(first);
  expect([known, current]).toEqual([
    expect.stringMatching(/^1:[^,]+,2:[^,]+$/),
    known.split(",").toReversed().join(),
  ]);
  await run(rotate, ["DATA_KEYS", "--wait", "0"]);
  expect(contents("DATA_KEYS")).toMatch(/^2:[^,]+,1:[^,]+$/);
  const { text } = await run(rotate, ["DATA_KEYS", "--breach"]);
  expect(text).toContain("coachctl keys reencrypt");
  expect(contents("DATA_KEYS")).toMatch(/^3:[^,]+,2:[^,]+,1:[^,]+$/);
  expect(contents("DATA_KEYS").endsWith(first)).toBe(true);
});

describe("the other secrets", () => {
  test.each(["METRICS_TOKEN", "STORAGE_SIGNING_KEY"] as const)(
    "%s keeps the last one, and only that",
    async (name) => {
      for (let i = 0; i < 2; i += 1) {
        const [before] = contents(name).split(",");
        await run(rotate, [name, "--wait", "0"]);
        const [now, then, ...more] = contents(name).split(",");
        expect([then, more]).toEqual([before, []]);
        expect(now).not.toBe(before);
      }
      const before = contents(name);
      await run(rotate, [name, "--breach"]);
      expect(contents(name)).not.toContain(",");
      expect(before).not.toContain(contents(name));
    },
  );

  test("each app gets a key of its own beside the one that is in the field", async () => {
    const [web = "", ios = ""] = contents("CLIENT_API_KEY").split(",");
    const { text } = await run(rotate, ["CLIENT_API_KEY"]);
    expect(text).toContain("Apps must ship");
    await run(rotate, ["CLIENT_API_KEY"]);
    const after = contents("CLIENT_API_KEY").split(",");
    expect(after.map((entry) => entry.split(":")[0])).toEqual(["web", "ios", "web", "ios", "web", "ios"]);
    expect(after.slice(4)).toEqual([web, ios]);
    await run(rotate, ["CLIENT_API_KEY", "--breach"]);
    expect(contents("CLIENT_API_KEY")).toMatch(/^web:[^,]+,ios:[^,]+$/);
    for (const entry of after) expect(contents("CLIENT_API_KEY")).not.toContain(entry);
  });
});

test.each([
  "BETTER_AUTH_SECRETS",
  "DATA_KEYS",
  "METRICS_TOKEN",
  "STORAGE_SIGNING_KEY",
  "CLIENT_API_KEY",
] as const)("%s: neither rotate nor status prints it, and servers take it", async (name) => {
  const before = contents(name);
  const printed = [
    await run(rotate, [name, "--wait", "0"]),
    await run(rotate, [name, "--breach"]),
    await run(status, []),
  ].map(({ text }) => text);
  expect(contents(name)).not.toBe(before);
  for (const secret of secretsIn(`${before},${contents(name)}`)) expect(printed.join()).not.toContain(secret);
  await app.deps.live.refresh();
  expect(app.deps.live.state).toBe("ok");
});

describe("the file", () => {
  test("stays the same one, with its own mode, also where its owner made it read-only", async () => {
    const path = environment.METRICS_TOKEN_FILE;
    chmodSync(path, 0o444);
    const before = statSync(path);
    const old = contents("METRICS_TOKEN");
    await run(rotate, ["METRICS_TOKEN", "--breach"]);
    const after = statSync(path);
    expect([after.ino, after.mode]).toEqual([before.ino, before.mode]);
    expect(contents("METRICS_TOKEN")).not.toBe(old);
  });

  test.each([
    [
      "is not there",
      { METRICS_TOKEN_FILE: `${folder}/none` },
      /METRICS_TOKEN_FILE names cannot be written \(ENOENT\)/,
    ],
    ["is none", { METRICS_TOKEN_FILE: folder }, /cannot be written \(EISDIR\)/],
    ["is not named", { METRICS_TOKEN: "x".repeat(40) }, /METRICS_TOKEN does not come from a file/],
  ])("that %s is refused before anything changes", async (_what, settings, message) => {
    await expect(run(rotate, ["METRICS_TOKEN"], settings)).rejects.toThrow(message);
  });

  // Paths are typed by hand, in a breach in a hurry.
  test.each([
    ["METRICS_TOKEN", "DATA_KEYS"],
    ["BETTER_AUTH_SECRETS", "DATA_KEYS"],
    ["DATA_KEYS", "BETTER_AUTH_SECRETS"],
    ["CLIENT_API_KEY", "METRICS_TOKEN"],
  ] as const)("that is named for %s and holds %s is refused, and stays", async (name, other) => {
    const before = contents(other);
    // As in Compose: the same content at another path.
    const mistyped = { ...environment, [`${name}_FILE`]: file("writable", `${before}\n`) };
    for (const flags of [["--breach"], ["--wait", "0"]])
      await expect(run(rotate, [name, ...flags], mistyped)).rejects.toThrow(
        `The file that ${name}_FILE names holds ${other}, nothing is changed`,
      );
    expect(readFileSync(`${folder}/writable`, "utf8")).toBe(`${before}\n`);
  });

  test.each([
    ["the key of the store", `coaching-app:${freshSecret()}=`],
    ["the ring of another installation", `2:${freshSecret()},1:${freshSecret()}`],
    ["a private key", `-----BEGIN PRIVATE KEY-----\n${freshSecret()}\n-----END PRIVATE KEY-----`],
  ])("that holds %s is no list of tokens: refused, and it stays", async (_what, text) => {
    for (const name of ["METRICS_TOKEN", "STORAGE_SIGNING_KEY"])
      for (const flags of [["--breach"], ["--wait", "0"]]) {
        const path = file("foreign", text);
        await expect(run(rotate, [name, ...flags], { [`${name}_FILE`]: path })).rejects.toThrow(/^The file /);
        expect(readFileSync(path, "utf8")).toBe(text);
      }
  });

  test("that does not hold what it should is refused without quoting it, and stays", async () => {
    const broken = file("broken", "nothing-of-a-ring");
    const attempt = run(rotate, ["BETTER_AUTH_SECRETS"], { BETTER_AUTH_SECRETS_FILE: broken });
    await expect(attempt).rejects.toThrow(/^The file has no version:secret at position 1$/);
    expect(readFileSync(broken, "utf8")).toBe("nothing-of-a-ring");
  });

  test.each([[["SMTP_PASS"]], [["PATH"]], [[]]])(
    "rotate %j is refused with the names that are ours",
    async (words) => {
      await expect(run(rotate, words)).rejects.toThrow(/Name one of BETTER_AUTH_SECRETS, /);
    },
  );
});

test("status tells where each comes from, and fails when one cannot be read", async () => {
  const smtp = freshSecret();
  const settings = { ...environment, SMTP_PASS: smtp };
  const { code, text } = await run(status, [], settings);
  expect(code).toBe(0);
  expect(text).toMatch(/^BETTER_AUTH_SECRETS: file, 0 days old; [0-9a-f]{8}; versions \d+$/m);
  expect(text).toMatch(/^DATA_KEYS: file, 0 days old; [0-9a-f]{8}; versions \d+(, \d+)*$/m);
  expect(text).toMatch(/^CLIENT_API_KEY: file, 0 days old; [0-9a-f]{8}; keys web, ios$/m);
  expect(text).toMatch(/^SMTP_PASS: environment, changes need a restart; [0-9a-f]{8}$/m);
  expect(text).not.toContain(smtp);
  const missing = await run(status, [], { ...settings, METRICS_TOKEN_FILE: `${folder}/none` });
  expect(missing.code).toBe(1);
  expect(missing.text).toContain("METRICS_TOKEN: names a file that cannot be read (ENOENT)");
});

describe("of two runs at once", () => {
  const finished = rotateCommand(async () => {});

  test.each(["BETTER_AUTH_SECRETS", "DATA_KEYS", "METRICS_TOKEN", "STORAGE_SIGNING_KEY"] as const)(
    "%s: the first one stops, so that what the second made current is not lost",
    async (name) => {
      let second = "";
      const overtaken = rotateCommand(async () => {
        await run(finished, [name]);
        second = contents(name);
      });
      await expect(run(overtaken, [name])).rejects.toThrow(/was changed meanwhile/);
      // By now servers may have sealed or signed with it.
      expect(contents(name)).toBe(second);
      await app.deps.live.refresh();
      expect(app.deps.live.state).toBe("ok");
    },
  );
});
