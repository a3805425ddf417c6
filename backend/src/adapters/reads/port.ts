/** Names of what is counted here, in the table of rules. */
export const countedReads = { files: "mass-file-reads", records: "mass-record-reads" } as const;

interface Reader {
  readonly userId: string;
}

/** Told what somebody was shown. Counting is a note in memory: it costs a request nothing and fails never. */
export interface ReadsPort {
  /** Each file counts once, however often and in however many ranges it is read. */
  file(reader: Reader, organizationId: string | null, fileId: string): void;
  /** Records of a list. */
  records(reader: Reader, organizationId: string | null, count: number): void;
}
