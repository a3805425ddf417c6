import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import postgres from "postgres";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { readRuntime } from "../../src/db/embedded-runtime.ts";
import { type Checkout, createCheckout, processesOf } from "./dev-process.ts";

const running = "Ctrl-C stops everything";

function checkout(): Checkout {
  const made = createCheckout();
  onTestFinished(made.remove);
  return made;
}

/** The data folder's name is in the command line or the environment of each process that dev.ts starts. */
const nothingIsLeft = ({ dataFolder }: Checkout) =>
  vi.waitFor(() => expect(processesOf(dataFolder)).toEqual([]), { timeout: 10_000, interval: 20 });

const postmasterOf = ({ dataFolder }: Checkout) =>
  Number(readFileSync(join(dataFolder, "postgres/postmaster.pid"), "utf8").split("\n")[0]);

async function inDatabase<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1 });
  return await work(sql).finally(() => sql.end());
}

describe("pnpm dev with nothing set", () => {
  test("serves from a migrated database, says where everything is, and SIGTERM leaves nothing behind", async () => {
    const here = checkout();
    const dev = here.dev();
    await dev.says(running);
    const { env } = here.server();
    expect(dev.output()).toContain(`http://localhost:${env.PORT}/api/v1/docs`);
    expect(env).toMatchObject({
      NODE_ENV: "development",
      BETTER_AUTH_SECRETS: expect.stringMatching(/^1:\w{64}$/),
      DATA_KEYS: expect.stringMatching(/^1:\w{64}$/),
    });
    expect(readRuntime(here.dataFolder)?.databaseUrl).toBe(env.DATABASE_URL);
    expect(statSync(join(here.dataFolder, "secrets.json")).mode & 0o077).toBe(0);
    expect(statSync(join(here.dataFolder, "runtime.json")).mode & 0o077).toBe(0);
    const [row] = await inDatabase(
      env.DATABASE_URL ?? "",
      (sql) =>
        sql`select current_user::text as role, (select count(*)::int from organization) as organizations`,
    );
    expect(row).toEqual({ role: "coaching_app", organizations: 0 });

    dev.child.kill("SIGTERM");
    expect(await dev.ended).toBe(0);
    await nothingIsLeft(here);
    expect(readRuntime(here.dataFolder)).toBeUndefined();
  });

  test("keeps its data and secrets when everything was killed, and refuses to run twice meanwhile", async () => {
    const here = checkout();
    const first = here.dev();
    await first.says(running);
    const before = here.server().env;
    await inDatabase(
      before.DATABASE_URL ?? "",
      (sql) => sql`insert into organization (id, name, slug) values (gen_random_uuid(), 'Acme', 'acme')`,
    );

    const second = here.dev();
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain("already runs the embedded database");

    process.kill(postmasterOf(here), "SIGKILL");
    expect(await first.ended).toBe(1);
    expect(first.output()).toContain("PostgreSQL ended unexpectedly");
    await nothingIsLeft(here);

    const third = here.dev();
    await third.says(running);
    third.child.kill("SIGKILL");
    const fourth = here.dev();
    await fourth.says(running);
    const after = here.server().env;
    expect(after.BETTER_AUTH_SECRETS).toBe(before.BETTER_AUTH_SECRETS);
    expect(await inDatabase(after.DATABASE_URL ?? "", (sql) => sql`select name from organization`)).toEqual([
      { name: "Acme" },
    ]);
    fourth.child.kill("SIGINT");
    await fourth.ended;
    await nothingIsLeft(here);
  });

  test("takes server and database along when it is killed itself", async () => {
    const here = checkout();
    const dev = here.dev();
    await dev.says(running);
    dev.child.kill("SIGKILL");
    await nothingIsLeft(here);
  });

  test("ends when the package manager that started it is gone", async () => {
    const here = checkout();
    const script = '"$@" & wait';
    const named = ["bash", "-c", `exec -a npx sh -c '${script}' npx "$@"`, "-"];
    const dev = here.dev({}, named);
    await dev.says(running);
    dev.child.kill("SIGKILL");
    await nothingIsLeft(here);
  });
});

describe("pnpm dev with something in its way", () => {
  test("says which port is taken and what to set, before it starts anything", async () => {
    const here = checkout();
    const other = createServer().listen(0, "127.0.0.1");
    await vi.waitFor(() => expect(other.listening).toBe(true));
    const address = other.address();
    const port = address && typeof address === "object" ? address.port : 0;
    const dev = here.dev({ PORT: String(port) });
    expect(await dev.ended).toBe(1);
    expect(dev.output().trim()).toBe(
      `Port ${port} is taken by another program. Stop it, or set PORT=${port + 1}.`,
    );
    expect(existsSync(here.dataFolder)).toBe(false);
    other.close();
  });

  test("names the setting that is wrong", async () => {
    const here = checkout();
    const dev = here.dev({ TRUSTED_PROXIES: "everyone" });
    expect(await dev.ended).toBe(1);
    expect(dev.output()).toContain("TRUSTED_PROXIES");
    expect(existsSync(here.dataFolder)).toBe(false);
  });
});
