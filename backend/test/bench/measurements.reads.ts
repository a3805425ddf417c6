import { requestsPerSecond } from "./load.ts";
import type { Measurement } from "./measurement.ts";
import type { Stage } from "./stage.ts";

const rawSelect = "raw select by id";
const rawPage = "raw select of a page";

/** Small answers: without anybody, with somebody, and a page. */
export async function reads({ ours, seed, limit, signedIn }: Stage): Promise<Measurement[]> {
  const manager = await signedIn(seed.manager);
  const admin = await signedIn(seed.platformAdmin);
  const organization = `/organizations/${seed.organizationId}`;
  const { page } = (await admin.call("GET", "/api/v1/organizations?limit=100")) as {
    page: { nextCursor: string };
  };
  const cursor = encodeURIComponent(page.nextCursor);
  const raw = (kind: "node" | "hono" | "select", path: string) => async (seconds: number) =>
    requestsPerSecond(await limit(kind), path, { seconds });
  const own = (path: string, headers: Record<string, string>) => (seconds: number) =>
    requestsPerSecond(ours, path, { seconds, headers });
  const unit = "req/s";
  return [
    { group: "limits", name: "raw node:http", unit, run: raw("node", "/") },
    { group: "limits", name: "raw Hono", unit, limit: "raw node:http", run: raw("hono", "/health") },
    { group: "limits", name: rawSelect, unit, run: raw("select", organization) },
    {
      group: "limits",
      name: rawPage,
      unit,
      run: raw("select", `/organizations?before=${seed.organizationId}`),
    },
    {
      group: "health",
      name: "GET /health",
      unit,
      limit: "raw Hono",
      aim: { share: 0.75 },
      run: own("/health", {}),
    },
    {
      group: "me",
      name: "GET /me",
      unit,
      limit: rawSelect,
      aim: { share: 0.6 },
      run: own("/api/v1/me", manager.headers),
    },
    {
      group: "organizations",
      name: "GET /organizations/{id}",
      unit,
      limit: rawSelect,
      aim: { share: 0.6 },
      run: own(`/api/v1${organization}`, manager.headers),
    },
    {
      group: "organizations",
      name: "GET /organizations, page 6",
      unit,
      limit: rawPage,
      run: own(`/api/v1/organizations?cursor=${cursor}`, admin.headers),
    },
  ];
}
