/** Decodes pictures that strangers sent. */
export interface ImagesPort {
  /**
   * Decodes a picture that claims to be of this media type, and draws it anew: upright, in sRGB, without metadata.
   * Rejects with `AppError("unavailable")` when too many pictures wait already.
   *
   * @param read asked for the bytes when it is their turn, so that those who wait take up no memory; null: they are gone
   * @returns null when they are gone
   */
  render(
    read: () => Promise<Buffer | null>,
    contentType: string,
    want: Wanted,
  ): Promise<Rendered | Unreadable | null>;
}

export interface Wanted {
  /** Longest sides in pixels, the largest last; nothing is enlarged. */
  readonly sizes: readonly number[];
  /** Whether a copy in the picture's own format and size is wanted if it says more than it shows. */
  readonly clean: boolean;
}

export interface Rendered {
  readonly ok: true;
  /** One WebP for each size, in the same order; of a moving picture its first frame. */
  readonly webp: readonly Buffer[];
  /** The picture without metadata; null where it carries none, or was not wanted. */
  readonly clean: Buffer | null;
}

export interface Unreadable {
  readonly ok: false;
  /** For the person who sent it. */
  readonly reason: string;
}
