import { v7 as uuidv7 } from "uuid";
import type { Passwords } from "../auth/password.ts";
import type { Database } from "../db/client.ts";
import { account, member, organization, user } from "../db/schema/index.ts";
import { credentialOf } from "./platform-admin.ts";

type DemoRole = "platform_admin" | "org_admin" | "manager" | "coach" | "client";

export interface DemoAccount {
  readonly email: string;
  readonly password: string;
  readonly role: DemoRole;
  readonly organization: string;
}

const organizations = [
  { name: "Northwind Coaching", slug: "northwind" },
  { name: "Southbay Mentoring", slug: "southbay" },
] as const;
const names = { org_admin: "Ada", manager: "Max", coach: "Cora", client: "Cleo" } as const;
const roles = ["org_admin", "manager", "coach", "client"] as const;

/** Well known, so that anybody can sign in at once: the server refuses to make them in production. */
export const demoAccounts: readonly DemoAccount[] = [
  { email: "platform@demo.test", password: "demo-platform-1", role: "platform_admin", organization: "(all)" },
  ...organizations.flatMap(({ name, slug }) =>
    roles.map((role) => ({
      email: `${role.replace("org_", "")}@${slug}.test`,
      password: `demo-${slug}-1`,
      role,
      organization: name,
    })),
  ),
];

/** Two organizations with one person of each role, made once in an empty database. */
export async function createDemoData(db: Database, passwords: Passwords): Promise<void> {
  const [someone] = await db.select({ id: user.id }).from(user).limit(1);
  if (someone) return;
  const people = await Promise.all(
    demoAccounts.map(async (demo) => ({ ...demo, id: uuidv7(), hash: await passwords.hash(demo.password) })),
  );
  await db.transaction(async (tx) => {
    const made = await tx
      .insert(organization)
      .values([...organizations])
      .returning();
    await tx.insert(user).values(
      people.map(({ id, email, role, organization: home }) => ({
        id,
        email,
        name: role === "platform_admin" ? "Pat Platform" : `${names[role]} ${home.split(" ")[0]}`,
        emailVerified: true,
        globalRole: role === "platform_admin" ? role : null,
      })),
    );
    await tx.insert(account).values(people.map(({ id, hash }) => credentialOf(id, hash)));
    await tx.insert(member).values(
      people.flatMap(({ id, role, organization: home }) => {
        const organizationId = made.find((one) => one.name === home)?.id;
        return role === "platform_admin" || !organizationId ? [] : [{ organizationId, userId: id, role }];
      }),
    );
  });
}
