import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { securityHeadersOf } from "./middleware/security-headers.ts";
import { problemBody, problemType } from "./problem.ts";

/** Answers what Node's parser refuses before there is a request: in our shape, and with the headers of every answer. */
export function answerClientError(hsts: string) {
  return (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    const tooLong = error.code === "HPE_HEADER_OVERFLOW";
    const status = tooLong ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
    const title = STATUS_CODES[status] ?? "Bad Request";
    const requestId = randomUUID();
    const code = tooLong ? "uri_too_long" : "validation_failed";
    const body = JSON.stringify(problemBody(code, title, { instance: "", requestId }, { status, title }));
    const headers = [
      ["Connection", "close"],
      ["Content-Type", problemType],
      ["Content-Length", Buffer.byteLength(body)],
      ["X-Request-Id", requestId],
      ...securityHeadersOf(hsts),
    ];
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join("")}\r\n${body}`);
  };
}
