/** Small files whose first bytes are what their name says. */
const text = (content: string) => Buffer.from(content, "latin1");

export const MIB = 1024 * 1024;

export const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
export const jpeg = Buffer.concat([
  text("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\0\0\x01\0\x01\0\0"),
  text("\xff\xd9"),
]);
export const gif = text(
  "GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
);
export const webp = text(`RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0${"\0".repeat(24)}`);
export const avif = text(`\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf${"\0".repeat(16)}`);
export const mp4 = text(`\0\0\0\x18ftypmp42\0\0\0\0mp42isom${"\0".repeat(16)}`);
export const webm = text(`\x1a\x45\xdf\xa3\x87\x42\x82\x84webm${"\0".repeat(16)}`);
/** As of a document of Word before 2007. */
export const cfb = text(`\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1${"\0".repeat(500)}`);
export const quicktime = text(`\0\0\0\x14ftypqt  \0\0\0\0qt  ${"\0".repeat(16)}`);
export const pdf = text(`%PDF-1.7\n1 0 obj\n<<>>\nendobj\n${"x".repeat(3000)}\n%%EOF\n`);
export const html = text("<!doctype html><html><body><script>alert(1)</script></body></html>");
export const svg = text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
/** A picture to a browser that sniffs like one, a page to one that sniffs like another. */
export const gifWithHtml = Buffer.concat([gif, html]);

/** A picture of this many bytes, no two alike. */
export function picture(size = 2000): Buffer {
  return Buffer.concat([png, crypto.getRandomValues(Buffer.alloc(Math.min(size, 60_000) - png.length))]);
}

/** A document of this many bytes with all byte values in it. */
export function document(size: number): Buffer {
  const bytes = Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
  bytes.write("%PDF-1.7\n");
  return bytes;
}
