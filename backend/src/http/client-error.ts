import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { apiContentSecurityPolicy } from "./middleware/security-headers.ts";

/** Answers what Node's parser refuses before there is a request: in our shape, and with the headers of every answer. */
export function answerClientError(hsts: string) {
  return (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    const tooLong = error.code === "HPE_HEADER_OVERFLOW";
    const status = tooLong ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
    const title = STATUS_CODES[status] ?? "Bad Request";
    const requestId = randomUUID();
    const code = tooLong ? "uri_too_long" : "validation_failed";
    const body = JSON.stringify({
      type: `urn:coaching-app:problem:${code}`,
      title,
      status,
      detail: title,
      instance: "",
      code,
      requestId,
      error: title,
      message: title,
      details: [],
    });
    socket.end(
      [
        `HTTP/1.1 ${status} ${title}`,
        "Connection: close",
        "Content-Type: application/problem+json; charset=utf-8",
        `Content-Length: ${Buffer.byteLength(body)}`,
        `X-Request-Id: ${requestId}`,
        "X-Content-Type-Options: nosniff",
        "X-Frame-Options: DENY",
        "X-XSS-Protection: 1; mode=block",
        "Referrer-Policy: no-referrer",
        `Strict-Transport-Security: ${hsts}`,
        `Content-Security-Policy: ${apiContentSecurityPolicy}`,
        "",
        body,
      ].join("\r\n"),
    );
  };
}
