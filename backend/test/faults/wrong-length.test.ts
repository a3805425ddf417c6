import { readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { expect, it } from "vitest";
import { documentOf } from "../files/client.ts";
import { document, MIB } from "../files/samples.ts";
import { startTestApp } from "../harness/app.ts";
import { createTenant, uploadFile } from "../harness/client.ts";

const app = await startTestApp();
const tenant = await createTenant(app);
const { token } = tenant.people.org_admin;

/** Two requests over one connection, as a proxy sends them; everything that comes back until it is closed. */
async function twoOverOne(path: string, headers: string): Promise<string> {
  const { port, hostname } = new URL(app.url);
  const socket = connect(Number(port), hostname);
  const head = (of: string, more: string) =>
    `GET ${of} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n${more}\r\n`;
  socket.write(`${head(path, headers)}${head("/health/live", "Connection: close\r\n")}`);
  return (await buffer(socket)).toString("latin1");
}

it.each([
  { is: "longer", by: 100, part: "206" },
  { is: "shorter", by: -100, part: "503" },
])(
  "a file that is $is in the store than it was spoils no answer to the next request",
  async ({ by, part }) => {
    const size = 2 * MIB;
    const { id } = await uploadFile(app, token, document(size), documentOf(tenant));
    const path = readdirSync(app.config.dataDir, { recursive: true, encoding: "utf8" }).find((one) =>
      one.endsWith(`${id}=`),
    );
    if (!path) throw new Error("the file is not there");
    writeFileSync(join(app.config.dataDir, path), "x".repeat(size + by));
    const range = `Range: bytes=${size - 200}-${size - 1}\r\n`;
    for (const [headers, status] of [
      ["", "503"],
      [range, part],
    ] as const) {
      const answers = (await twoOverOne(`/api/v1/files/${id}/stream`, headers)).split(/(?=HTTP\/1\.1 )/);
      expect(answers.map((one) => one.slice(9, 12))).toEqual([status, "200"]);
    }
  },
  20_000,
);
