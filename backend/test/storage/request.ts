import { type IncomingHttpHeaders, request as requestPlainly } from "node:http";
import { request as requestByTls } from "node:https";
import { buffer } from "node:stream/consumers";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends exactly these headers, wrong ones included, which `fetch` would not; the path is not normalised either. */
export function send(
  url: string,
  options: { method?: string; headers?: Readonly<Record<string, string>>; body?: Uint8Array } = {},
): Promise<Answer> {
  const { origin, protocol } = new URL(url);
  const request = protocol === "https:" ? requestByTls : requestPlainly;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = request(origin, {
    method: options.method ?? "GET",
    path: url.slice(origin.length),
    headers: { ...options.headers },
    agent: false,
  });
  outgoing.on("error", reject);
  outgoing.on("response", (incoming) => {
    buffer(incoming).then(
      (body) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
      reject,
    );
  });
  outgoing.end(options.body);
  return promise;
}

/** Every way to change or leave out one parameter of a URL, and to point it at another object. */
export function tampered(url: string): { change: string; url: string }[] {
  const names = [...new URL(url).searchParams.keys()];
  const edit = (change: string, apply: (copy: URL) => void) => {
    const copy = new URL(url);
    apply(copy);
    return { change, url: copy.href };
  };
  return [
    edit("other key", (copy) => {
      copy.pathname = copy.pathname.replace(/.$/, (last) => (last === "a" ? "b" : "a"));
    }),
    ...names.map((name) => edit(`without ${name}`, (copy) => copy.searchParams.delete(name))),
    ...names.map((name) =>
      edit(`other ${name}`, (copy) => {
        const value = copy.searchParams.get(name) ?? "";
        copy.searchParams.set(
          name,
          value.replace(/.$/, (last) => (last === "1" ? "2" : "1")),
        );
      }),
    ),
  ];
}
