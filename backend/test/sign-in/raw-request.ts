import { request } from "node:http";

interface Raw {
  readonly headers?: Record<string, string | string[]>;
  readonly body?: unknown;
}

/** A request with these headers and no others of its own making, as curl or a phone sends it. */
export function rawRequest(
  app: { url: string },
  method: string,
  path: string,
  { headers = {}, body }: Raw = {},
) {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>(
    (done, fail) => {
      const outgoing = request(
        `${app.url}${path}`,
        {
          method,
          agent: false,
          headers: {
            ...(payload !== undefined && {
              "content-type": "application/json",
              "content-length": String(Buffer.byteLength(payload)),
            }),
            ...headers,
          },
        },
        (incoming) => {
          let text = "";
          incoming.setEncoding("utf8");
          incoming.on("data", (chunk: string) => {
            text += chunk;
          });
          incoming.on("end", () =>
            done({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
          );
          incoming.on("error", fail);
        },
      );
      outgoing.on("error", fail);
      outgoing.end(payload);
    },
  );
}
