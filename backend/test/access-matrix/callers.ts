import type { Person } from "../harness/client.ts";
import type { Column } from "./table.ts";
import type { PopulatedTenant, World } from "./world.ts";

export interface CallerCase {
  readonly name: string;
  /** The column of the table that says what this caller gets. */
  readonly column: Column;
  /** Null: without a token. */
  readonly caller: Person | null;
  /** The organization that owns what is asked for. */
  readonly target: PopulatedTenant;
  /** Whether the caller has a membership there, of whatever status. */
  readonly member: boolean;
}

const roles = ["client", "coach", "manager", "org_admin"] as const;

/** Who asks for what: each column of the table with everybody that it speaks of. */
export function callersOf(world: World): readonly CallerCase[] {
  const { here, elsewhere, suspended, platformAdmin } = world;
  const member = true;
  return [
    { name: "anonymous", column: "anonymous", caller: null, target: here, member: false },
    ...roles.map((role) => ({ name: role, column: role, caller: here.people[role], target: here, member })),
    { name: "client here, org_admin elsewhere", column: "client", caller: world.dual, target: here, member },
    ...[here, elsewhere].map((target, i) => ({
      name: `platform_admin on organization ${i + 1}`,
      column: "platform_admin" as const,
      caller: platformAdmin,
      target,
      member: false,
    })),
    ...roles.map((role) => ({
      name: `${role} of another organization`,
      column: "other" as const,
      caller: elsewhere.people[role],
      target: here,
      member: false,
    })),
    { name: "suspended member", column: "suspended", caller: world.suspendedMember, target: here, member },
    {
      name: "org_admin of a suspended organization",
      column: "suspended",
      caller: suspended.people.org_admin,
      target: suspended,
      member,
    },
  ];
}
