// A server in a process of its own, so that a test can kill it. For each line it reads, it prints the URL of an upload.
import { createInterface } from "node:readline";
import { startDiskServer } from "./disk.server.ts";

const server = await startDiskServer(process.argv[2] ?? "");
for await (const line of createInterface(process.stdin)) {
  const { key, size } = JSON.parse(line) as { key: string; size: number };
  const upload = await server.storage.presignPut({ key, contentType: "image/png", size, expiresIn: 60 });
  process.stdout.write(`${upload.url}\n`);
}
