import { AppError } from "../../errors.ts";

/** Passes exactly `size` bytes on, or throws `validation_failed` at the first byte too many or the end too soon. */
export async function* exactly(size: number, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of source) {
    seen += chunk.byteLength;
    if (seen > size) break;
    yield chunk;
  }
  if (seen !== size) {
    throw new AppError("validation_failed", `The content is not of the announced ${size} bytes.`);
  }
}

/** A body that is in memory, as a source. */
export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
