import type { TestApp } from "../harness/app.ts";
import type { Person } from "../harness/client.ts";

export const pathOf = (organizationId: string, rest = ""): string =>
  `/api/v1/organizations/${organizationId}/members${rest}`;

/** Id of the member row of a person. */
export async function memberIdOf(app: TestApp, organizationId: string, person: Person): Promise<string> {
  const [row] = await app.deps.database.sql<{ id: string }[]>`
    select id from member where organization_id = ${organizationId} and user_id = ${person.userId}`;
  if (!row) throw new Error("not a member");
  return row.id;
}
