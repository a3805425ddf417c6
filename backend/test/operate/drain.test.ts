import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test, vi } from "vitest";
import { drainable } from "../../src/process/drain.ts";
import { refused } from "../harness/refused.ts";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

type Times = Parameters<typeof drainable>[1];

/** A server that answers `/` at once and leaves every other path to the test, and a client with one connection. */
async function serve(times: Times) {
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (request.url === "/") response.end("done");
    else held.push(response);
  });
  const drain = drainable(server, times);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  undo.push(
    () => agent.destroy(),
    () => server.closeAllConnections(),
  );
  const ask = (path: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      get({ port, path, agent, host: "127.0.0.1" }, resolve).once("error", reject);
    });
  const answer = async (path: string) => {
    const response = await ask(path);
    return { connection: response.headers.connection, body: await text(response) };
  };
  const next = () =>
    vi.waitFor(() => {
      const response = held.shift();
      if (!response) throw new Error("no request yet");
      return response;
    }, 15_000);
  return { port, drain, ask, answer, next };
}

const never = 600_000;

test("answers what comes on an open connection after the signal, and asks to close it", async () => {
  const { port, drain, answer } = await serve({ graceMs: never, idleMs: never });
  expect(await answer("/")).toEqual({ connection: "keep-alive", body: "done" });
  const drained = drain();
  await refused(port, 15_000);
  expect(await answer("/")).toEqual({ connection: "close", body: "done" });
  await drained;
});

test("answers what was being worked on at the signal", async () => {
  const { port, drain, answer, next } = await serve({ graceMs: never, idleMs: 0 });
  const asked = answer("/slow");
  const response = await next();
  const drained = drain();
  await refused(port, 15_000);
  response.end("late");
  expect(await asked).toEqual({ connection: "close", body: "late" });
  await drained;
});

test("lets a stream end that began before the signal, and then closes its connection", async () => {
  const { port, drain, ask, next } = await serve({ graceMs: never, idleMs: 0 });
  const asked = ask("/stream");
  const response = await next();
  response.write("first ");
  const stream = await asked;
  const drained = drain();
  await refused(port, 15_000);
  response.end("last");
  expect(await text(stream)).toBe("first last");
  await drained;
});

test("cuts a stream that outlives its grace", async () => {
  const { drain, ask, next } = await serve({ graceMs: 300, idleMs: 0 });
  const asked = ask("/stream");
  (await next()).write("first ");
  const stream = await asked;
  const ended = expect(text(stream)).rejects.toThrow(/aborted/);
  await drain();
  await ended;
});

test("closes connections that nobody uses after a while", async () => {
  const { drain, answer } = await serve({ graceMs: never, idleMs: 200 });
  await answer("/");
  await drain();
});
