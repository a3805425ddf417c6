import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

export function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([latin1(type), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A PNG of one bit a pixel: a few kilobytes, whatever it claims to measure. */
export function floodingPng(side: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  const rows = Buffer.alloc(Math.min(side, 1000) * (1 + Math.ceil(side / 8)));
  return Buffer.concat([
    latin1("\x89PNG\r\n\x1a\n"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const gifHeader = (side: number): Buffer => {
  const header = latin1("GIF89a\0\0\0\0\x80\0\0\xff\0\0\0\0\xff");
  header.writeUInt16LE(side, 6);
  header.writeUInt16LE(side, 8);
  return header;
};
/** One pixel in one of two colours, so that no two frames in a row are the same. */
const gifFrame = (i: number): Buffer =>
  latin1(`\x21\xf9\x04\0\x0a\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02${i % 2 ? "L" : "D"}\x01\0`);

/** A moving GIF on a canvas of so many pixels each way; `extension` goes before the first frame. */
export const movingGif = (frames: number, side = 1, extension = ""): Buffer =>
  Buffer.concat([
    gifHeader(side),
    latin1(extension),
    ...Array.from({ length: frames }, (_, i) => gifFrame(i)),
    latin1(";"),
  ]);

/** XMP as Photoshop writes it into a GIF. */
export const gifXmp = `\x21\xff\x0bXMP DataXMP<x:xmpmeta xmlns:x="adobe:ns:meta/"/>\x01${Array.from(
  { length: 256 },
  (_, i) => String.fromCharCode(255 - i),
).join("")}\0`;

export type Format = "png" | "jpeg" | "webp" | "gif" | "avif";
export const formats: readonly Format[] = ["png", "jpeg", "webp", "gif", "avif"];

/** Left half red, right half blue. */
function twoColours(width: number, height: number) {
  const half = { width: Math.ceil(width / 2), height, channels: 3 as const, background: "#0000ff" };
  return sharp({ create: { width, height, channels: 3, background: "#ff0000" } }).composite([
    { input: { create: half }, left: Math.floor(width / 2), top: 0 },
  ]);
}

/** AVIF at its usual effort would be most of the run. */
const quick = (format: Format) => (format === "avif" ? { effort: 0 } : {});

/** A real picture without metadata. */
export const plain = (format: Format, width = 300, height = 200): Promise<Buffer> =>
  twoColours(width, height).toFormat(format, quick(format)).toBuffer();

/** Where the camera stood, and lying on its side: shown upright, the red half is on top. */
export async function fromCamera(format: Format, width = 300, height = 200): Promise<Buffer> {
  return twoColours(width, height)
    .withExif({
      IFD0: { Copyright: "Photographer", Orientation: "6" },
      IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 0/1", GPSLongitudeRef: "W" },
    })
    .withMetadata({ orientation: 6 })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><place>Greenwich</place></x:xmpmeta>')
    .toFormat(format, quick(format))
    .toBuffer();
}

/** The colour in the middle of each edge. */
export async function edges(bytes: Buffer) {
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => {
    const [red = 0, , blue = 0] = data.subarray((y * info.width + x) * info.channels);
    return red > blue ? "red" : "blue";
  };
  const [midX, midY] = [info.width >> 1, info.height >> 1];
  return {
    top: at(midX, 0),
    bottom: at(midX, info.height - 1),
    left: at(0, midY),
    right: at(info.width - 1, midY),
  };
}

/** What a viewer would know of a picture besides its pixels. */
export async function told(bytes: Buffer) {
  const { exif, xmp, iptc, comments, orientation } = await sharp(bytes).metadata();
  return [exif, xmp, iptc, comments, orientation].filter((found) => found !== undefined);
}
