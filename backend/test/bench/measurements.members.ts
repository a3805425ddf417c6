import type { createApi } from "./api.ts";
import { requestsPerSecond } from "./load.ts";
import type { Measurement } from "./measurement.ts";
import type { Stage } from "./stage.ts";

const first = "first page of 100 000 members";
/** The last page may take half as long again as the first. */
const share = 1 / 1.5;

type Api = ReturnType<typeof createApi>;

/**
 * Walks to the end as a client does, since only the server makes cursors.
 *
 * @returns where a whole page is left
 */
async function nearTheEnd({ call }: Api, path: string): Promise<string> {
  let [before, cursor] = ["", ""];
  for (;;) {
    const from = cursor && `&cursor=${encodeURIComponent(cursor)}`;
    const { page } = (await call("GET", `${path}?limit=100${from}`)) as {
      page: { nextCursor: string | null };
    };
    if (page.nextCursor === null) return before;
    [before, cursor] = [cursor, page.nextCursor];
  }
}

/** A page costs the same wherever in the list it is. */
export async function members({ ours, seed, signedIn }: Stage): Promise<Measurement[]> {
  const manager = await signedIn(seed.manager);
  const path = `/api/v1/organizations/${seed.organizationId}/members`;
  let end: Promise<string> | undefined;
  const unit = "req/s";
  const get = (query: string, seconds: number) =>
    requestsPerSecond(ours, path + query, { seconds, headers: manager.headers });
  const rare = encodeURIComponent("member-99887@");
  return [
    {
      group: "members",
      name: "one of 100 000 members by a part of the address",
      unit,
      run: (seconds) => get(`?q=${rare}`, seconds),
    },
    {
      group: "members",
      name: "members of one role among 100 000",
      unit,
      run: (seconds) => get("?role=client", seconds),
    },
    { group: "members", name: first, unit, run: (seconds) => get("", seconds) },
    {
      group: "members",
      name: "last page of 100 000 members",
      unit,
      limit: first,
      aim: { share },
      async run(seconds) {
        end ??= nearTheEnd(manager, path);
        return get(`?cursor=${encodeURIComponent(await end)}`, seconds);
      },
    },
  ];
}
