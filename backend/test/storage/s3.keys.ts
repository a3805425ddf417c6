import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freshSecret } from "../secret-files/secret-file.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../../../.ci/s3.sh", import.meta.url));

/** A key beside those that a user of `.ci/s3.sh` has. */
export async function createKey(user: "ci" | "uploader") {
  const [id, secret] = [`key-${randomUUID()}`, freshSecret()];
  let there = true;
  await run(script, ["key", "add", user, id, secret]);
  const remove = async (): Promise<void> => {
    if (there) await run(script, ["key", "rm", user, id]);
    there = false;
  };
  return { id, secret, remove };
}
