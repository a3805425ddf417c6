import type { CheckState, Health, PublicConfig, Ready } from "./system.schema.ts";

export type SystemService = ReturnType<typeof createSystemService>;

/** Looks at one part; rejects, or does not answer, when it is not well. */
export type Check = () => Promise<CheckState>;

interface Deps {
  readonly version: string;
  readonly checks: Readonly<Record<keyof Ready["checks"], Check>>;
  readonly publicConfig: PublicConfig;
}

const patienceMs = 3000;
const recentMs = 1000;

/** Is it alive, is it ready, what may everybody know. */
export function createSystemService({ version, checks, publicConfig }: Deps) {
  let recent: { askedAt: number; state: Promise<Ready> } | undefined;

  async function ask(): Promise<Ready> {
    const names = Object.keys(checks) as (keyof Ready["checks"])[];
    const states = await Promise.all(names.map((name) => inTime(checks[name])));
    const results = Object.fromEntries(names.map((name, i) => [name, states[i]])) as Ready["checks"];
    const worst = (["down", "degraded"] as const).find((state) => states.includes(state));
    return { status: worst ?? "ok", checks: results };
  }

  return {
    root: () => ({ name: "Coaching App", version, docs: "/api/v1/docs" }),
    health: (): Health => ({ status: "ok", uptime: Math.floor(process.uptime()), version }),
    publicConfig: () => publicConfig,

    /** `down` when any part is: the caller then gets 503. Asked of the parts once a second, however many ask. */
    ready(): Promise<Ready> {
      if (!recent || performance.now() - recent.askedAt > recentMs)
        recent = { askedAt: performance.now(), state: ask() };
      return recent.state;
    },
  };
}
async function inTime(check: Check): Promise<CheckState> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<CheckState>((resolve) => {
    timer = setTimeout(() => resolve("down"), patienceMs);
  });
  try {
    return await Promise.race([check().catch((): CheckState => "down"), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
