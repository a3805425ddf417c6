import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll } from "vitest";
import { read } from "../docs/repository.ts";

/**
 * Serves docs/examples/upload.html as it stands, where web clients are: at an origin that is not the API's. Call at the
 * top of a test file; it ends after the file's last test.
 */
export async function startWebClient() {
  const page = read("docs/examples/upload.html");
  const visits: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    visits.push(path);
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(path.startsWith("/upload.html") ? page : "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    /** To be named in CORS_ORIGIN. */
    origin: `http://localhost:${port}`,
    /** The same page at an origin that nobody has named. */
    strangeOrigin: `http://127.0.0.1:${port}`,
    /** Paths that were asked for. */
    visits,
  };
}

export type WebClient = Awaited<ReturnType<typeof startWebClient>>;
