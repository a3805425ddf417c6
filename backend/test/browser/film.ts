import { randomBytes } from "node:crypto";
import { BufferTarget, EncodedPacket, EncodedVideoPacketSource, Output, WebMOutputFormat } from "mediabunny";
import sharp from "sharp";

const [width, height] = [640, 360];
const framesASecond = 5;

/** What the film shows, eight seconds each. */
export const scenes = { red: [160, 10, 10], green: [10, 130, 10], blue: [10, 10, 160] } as const;
const secondsAScene = 8;

/**
 * A WebM of some 18 MB that every Chromium plays: each frame is a picture of noise in the colour of its scene, so that
 * what is on the screen tells how far into the file the player has read. The index of the frames lies at the end.
 */
export async function makeFilm(): Promise<Buffer> {
  const target = new BufferTarget();
  const output = new Output({ format: new WebMOutputFormat(), target });
  const source = new EncodedVideoPacketSource("vp8");
  output.addVideoTrack(source);
  await output.start();
  const config = { decoderConfig: { codec: "vp8", codedWidth: width, codedHeight: height } };
  let frame = 0;
  for (const colour of Object.values(scenes)) {
    const picture = await keyFrame(colour);
    for (let i = 0; i < secondsAScene * framesASecond; i++, frame++)
      await source.add(
        new EncodedPacket(picture, "key", frame / framesASecond, 1 / framesASecond),
        frame === 0 ? config : undefined,
      );
  }
  await output.finalize();
  return Buffer.from(target.buffer as ArrayBuffer);
}

/** A lossy WebP is one key frame of VP8 behind twenty bytes of its own. */
async function keyFrame(colour: readonly number[]): Promise<Uint8Array> {
  const noise = randomBytes(width * height * 3);
  const pixels = noise.map((byte, i) => (colour[i % 3] ?? 0) + byte / 3);
  const webp = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .webp({ quality: 95, effort: 0 })
    .toBuffer();
  if (webp.toString("latin1", 12, 16) !== "VP8 ") throw new Error("sharp wrote another kind of WebP");
  return webp.subarray(20, 20 + webp.readUInt32LE(16));
}
