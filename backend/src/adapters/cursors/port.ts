export interface Page<T> {
  data: T[];
  page: { nextCursor: string | null; hasMore: boolean };
}

/** Positions in a list: opaque, signed, and good only for the list and filter they were made for. */
export interface Cursors {
  /** @throws AppError `invalid_cursor` */
  read(list: string, filter: object, cursor: string | undefined): string | undefined;
  /**
   * A page from `limit + 1` rows: the extra one only tells that there is more.
   *
   * @param position the id, or other key, after which the next page starts.
   */
  page<T>(
    list: string,
    filter: object,
    rows: readonly T[],
    limit: number,
    position: (row: T) => string,
  ): Page<T>;
}
