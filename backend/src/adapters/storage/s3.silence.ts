import type { IncomingMessage } from "node:http";

/**
 * Fails an answer of which nothing comes for `ms` although somebody waits for it. A reader that takes a pause is no
 * silence of the store.
 */
export function failOnSilence(
  body: IncomingMessage,
  ms: number,
  isReaderSlow = () => body.readableLength > 0,
): IncomingMessage {
  let heard = -1;
  const timer = setInterval(() => {
    const { bytesRead } = body.socket;
    if (!isReaderSlow() && bytesRead === heard)
      body.destroy(new Error(`The store fell silent for ${ms} ms.`));
    heard = bytesRead;
  }, ms);
  timer.unref();
  return body.once("close", () => clearInterval(timer));
}
