import type { Metadata } from "sharp";
import { tellsUnseen } from "./unseen.ts";

/** What a header says about a picture, judged before anything is decoded. */
export interface Inspected {
  readonly format: Format;
  readonly frames: number;
  /** Whether it carries more than pixels: place, camera, author, comments. */
  readonly tells: boolean;
}

export type Format = keyof typeof maxPixels;

/**
 * All frames together. A few kilobytes can claim any number of pixels; at these, decoding stays below half a gigabyte
 * (AVIF takes twice as much as the others).
 */
const maxPixels = { png: 25e6, jpeg: 25e6, webp: 25e6, gif: 25e6, avif: 16e6 };
export const mostPixels = Math.max(...Object.values(maxPixels));
const maxFrames = 1000;

/** @returns the reason to refuse it, for the person who sent it */
export function inspect(bytes: Buffer, contentType: string, header: Metadata): Inspected | string {
  const format = header.compression === "av1" ? "avif" : header.format;
  if (`image/${format}` !== contentType || !isFormat(format)) return `The bytes are not ${contentType}`;
  const frames = header.pages ?? 1;
  if (frames > maxFrames) return `The picture has more than ${maxFrames} frames`;
  if (header.width * (header.pageHeight ?? header.height) * frames > maxPixels[format])
    return `The picture has more than ${maxPixels[format] / 1e6} million pixels`;
  const tells =
    [header.exif, header.xmp, header.iptc, header.tifftagPhotoshop, header.gainMap].some(Boolean) ||
    Boolean(header.comments?.length) ||
    tellsUnseen(bytes, format);
  return { format, frames, tells };
}

const isFormat = (format: string): format is Format => Object.hasOwn(maxPixels, format);
