import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

type Headers = Readonly<Record<string, string>>;

const buffer = Buffer.alloc(1024 * 1024);

/**
 * Fetches and forgets one URL, with as little work on this side as possible: what is slow is the server.
 *
 * @returns bytes received
 */
export function drain(url: string, headers: Headers, atLeastBytes: number): Promise<number> {
  const { hostname, host, port, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = 0;
    let statusLine = "";
    const socket = connect({
      host: hostname,
      port: Number(port),
      onread: {
        buffer,
        callback: (bytes) => {
          if (received === 0) statusLine = buffer.toString("latin1", 0, 12);
          received += bytes;
          return true;
        },
      },
    });
    const lines = Object.entries({ Host: host, Connection: "close", ...headers });
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\n${lines.map(([k, v]) => `${k}: ${v}\r\n`).join("")}\r\n`,
    );
    socket.once("error", reject);
    socket.once("close", () => {
      if (statusLine === "HTTP/1.1 200" && received >= atLeastBytes) resolve(received);
      else reject(new Error(`${url}: ${statusLine}, ${received} bytes`));
    });
  });
}

/** Opens a URL and answers once bytes of the content are there; the rest is for the caller to read. */
export async function open(url: string, headers: Headers, agent: Agent): Promise<IncomingMessage> {
  const request = get(url, { headers, agent });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const { statusCode = 0 } = response;
  if (statusCode >= 300) throw new Error(`${url}: ${statusCode}`);
  await once(response, "readable");
  return response;
}

/** Reads with breaks, as a weak network does, and leaves before the end. */
export async function sip(url: string, headers: Headers, seconds: number): Promise<void> {
  const agent = new Agent();
  const response = await open(url, headers, agent);
  const end = performance.now() + seconds * 1000;
  for (let taken = 1; performance.now() < end && taken > 0; await wait(20)) {
    // Nothing to read by now is fine; the end of the content is not.
    taken = response.readableEnded ? 0 : 1;
    response.read();
  }
  const isCut = response.readableEnded || response.destroyed;
  response.destroy();
  agent.destroy();
  if (isCut) throw new Error(`${url}: ended early`);
}
