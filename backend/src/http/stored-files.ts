import type { IncomingMessage, ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context, Handler } from "hono";
import type { Seat, Seats } from "../seats.ts";
import type { AppEnv } from "./app-env.ts";

/**
 * Uploads and downloads by signed URL where we serve them ourselves: raw from socket to disk and back. Whoever sends or
 * reads slowly keeps nobody else out; whoever has no signature of ours has no place among them at all.
 */
export function serveStoredFiles(
  serve: (request: IncomingMessage, response: ServerResponse, admit: () => void) => Promise<void>,
  seats: Seats,
): Handler<AppEnv> {
  function sitDown(c: Context<AppEnv>): Seat {
    try {
      return seats.take(c.get("origin"));
    } catch (error) {
      // Nobody reads the body of an upload that is refused here, however long it takes.
      c.env.outgoing.setHeader("connection", "close");
      throw error;
    }
  }

  return async (c) => {
    const { incoming, outgoing } = c.env;
    let seat: Seat | undefined;
    const admit = (): void => {
      seat = sitDown(c);
      seat.mayEnd(() => outgoing.destroy());
    };
    await serve(incoming, outgoing, admit).finally(() => seat?.leave());
    return RESPONSE_ALREADY_SENT;
  };
}
