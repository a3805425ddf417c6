import type { Readable } from "node:stream";

export type Verdict =
  | { readonly is: "clean" }
  | { readonly is: "infected"; readonly threat: string }
  /** The scanner did not look at all of it, and never will: too large, or packed too deep. */
  | { readonly is: "unscannable"; readonly reason: string };

/** Looks for malware. Both methods reject with `AppError("unavailable")` when the scanner does not answer as it should. */
export interface ScannerPort {
  /**
   * Reads the stream to its end, or destroys it. A stream that ends before `size` bytes is not judged: half a file may
   * well be clean.
   */
  scan(bytes: Readable, size: number): Promise<Verdict>;
  check(): Promise<void>;
}

/** What becomes of uploads. `on`: scanned if they can be. `required`: nothing unscanned is ever served. */
export type Scanning =
  | { readonly mode: "off" }
  | { readonly mode: "on" | "required"; readonly scanner: ScannerPort };
