/** Encrypts values that must not lie open in the database, a dump or a backup. */
export interface DataKeys {
  /** Version of the key that seals; older ones of the ring only open. */
  readonly current: number;
  /**
   * @param place where the value lies, such as `note.text`, and whose it is where rows must not swap theirs: it opens
   * nowhere else
   */
  seal(place: string, text: string): string;
  /** @throws UnknownKeyError, BrokenSealError */
  open(place: string, sealed: string): string;
}

/** The key was taken out of the ring, or is not known here yet. It may come back. */
export class UnknownKeyError extends Error {
  readonly version: number;

  constructor(version: number) {
    super(`sealed with data key ${version}, which DATA_KEYS does not name`);
    this.version = version;
  }
}

/** Changed, cut short, of another place or of another key by that version. Which one, nobody is told. */
export class BrokenSealError extends Error {
  constructor() {
    super("what was sealed does not open: it was changed, or its data key was");
  }
}
