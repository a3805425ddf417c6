import type { LiveConfig } from "../live.ts";

/** As whom, and with which password, new connections sign in. */
export interface Login {
  /** The URL to try first. */
  readonly url: string;
  /** Counts changes of the password: connections from before are to be replaced. */
  readonly generation: number;
  /** The server did not take this one. Whether another try is worth it, because `url` is another now. */
  refused(url: string): Promise<boolean>;
}

export const fixedLogin = (url: string): Login => ({ url, generation: 0, refused: async () => false });

/** What was valid before the last one: a file that was written in two steps counts as two. */
const remembered = 3;

/**
 * A role has one password, which changes in the database and in the file at two moments. In between, the one that works
 * may be the newest, one that this process has not read yet, or the one before: each is tried before anybody is told.
 */
export function followLogin(live: LiveConfig): Login {
  let urls = [live.current.database.url];
  let url = live.current.database.url;
  let generation = 0;
  live.onChange(({ database }) => {
    if (database.url === urls[0]) return;
    urls = [...new Set([database.url, ...urls])].slice(0, remembered);
    url = database.url;
    generation += 1;
  });
  return {
    get url() {
      return url;
    },
    get generation() {
      return generation;
    },
    async refused(tried) {
      if (tried !== url) return true;
      await live.refresh();
      // Somebody who was refused at the same time has gone on already.
      if (tried !== url) return true;
      url = urls[(urls.indexOf(tried) + 1) % urls.length] ?? tried;
      return tried !== url;
    },
  };
}
