import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { restore } from "../../src/coachctl/restore.ts";
import { startTestApp } from "../harness/app.ts";
import { createPerson } from "../harness/client.ts";
import { freshSecret } from "../secret-files/secret-file.ts";
import { backups, emptyDatabase, temporaryFolder } from "./places.ts";

test.each([
  ["the data keys of then says nothing of them", "", 0],
  ["other data keys warns of the mails that wait for the old ones", `4:${freshSecret()}`, 1],
])("a restore with %s", async (_which, ring, warnings) => {
  const app = await startTestApp({ worker: false });
  await createPerson(app);
  await app.deps.queue.enqueue("mail", { to: "a@example.test", subject: "s", text: "t", html: "h" });
  const { to, key, make } = await backups(app);
  const { name } = await make();
  const identity = join(temporaryFolder(), "identity.txt");
  await writeFile(identity, key.identity);
  const place = await emptyDatabase();
  const lines: string[] = [];
  const code = await restore.run({
    environment: {
      NODE_ENV: "test",
      DATABASE_URL: place.appUrl,
      DATABASE_OWNER_URL: place.ownerUrl,
      DATA_DIR: temporaryFolder(),
      DATA_KEYS: ring,
    },
    arguments: ["--from", join(to, name), "--identity-file", identity, "--verify"],
    print: (text) => void lines.push(text),
    readLine: async () => "",
  });
  expect(code, lines.join("\n")).toBe(0);
  const told = lines.filter((line) => line.startsWith("WARNING"));
  expect(told).toHaveLength(warnings);
  for (const line of told) expect(line).toMatch(/^WARNING: [1-9]\d* mails .* need data key 1 /);
});
