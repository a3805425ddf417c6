/**
 * Metadata where the decoder does not look: in a GIF, in the second picture of a file, behind the pixels or the end. The
 * last two begin EXIF in whatever container. As long as these marks are, pixels do not show them by chance.
 */
const marks = [
  "Exif\0\0",
  "http://ns.adobe.com/",
  "<x:xmpmeta",
  "XMP DataXMP",
  "II*\0\x08\0\0\0",
  "MM\0*\0\0\0\x08",
];

/** Whether a picture says something that its decoder does not tell of. */
export const tellsUnseen = (bytes: Buffer, format: string): boolean =>
  (format === "png" && hasText(bytes)) ||
  (format === "jpeg" && hasComment(bytes)) ||
  marks.some((mark) => bytes.includes(mark, 0, "latin1"));

/** Chunks that decoders pass over behind the pixels, where exiftool and others write them. */
const texts = new Set(["eXIf", "tEXt", "zTXt", "iTXt"]);

function hasText(png: Buffer): boolean {
  for (let at = 8; at + 8 <= png.length; at += 12 + png.readUInt32BE(at)) {
    const name = png.toString("latin1", at + 4, at + 8);
    if (texts.has(name)) return true;
    if (name === "IEND") return false;
  }
  return false;
}

/** A comment before the pixels. */
function hasComment(jpeg: Buffer): boolean {
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at] === 0xff; at += 2 + jpeg.readUInt16BE(at + 2)) {
    const marker = jpeg[at + 1];
    if (marker === 0xfe) return true;
    if (marker === 0xda) return false;
  }
  return false;
}
