import type { Queryable } from "../db/client.ts";
import type { Actor, Alongside, AuthSession, Membership } from "./actor.ts";

interface Row {
  session_id: string;
  token: string;
  session_created_at: string;
  session_updated_at: string;
  expires_at: string;
  second_factor_at: string | null;
  stepped_up_at: string | null;
  slide: boolean;
  user_id: string;
  email: string;
  name: string;
  email_verified: boolean;
  global_role: "platform_admin" | null;
  two_factor_enabled: boolean;
  avatar_file_id: string | null;
  time_zone: string;
  locale: string;
  created_at: string;
  version: number;
  memberships: Membership[];
  alongside: unknown;
}

export interface FoundSession {
  readonly actor: Actor;
  readonly alongside?: Alongside;
}

/** Finds who a raw session token belongs to. */
export interface SessionLookup {
  /**
   * Null when the session is unknown, over, or its owner is banned. One SQL statement.
   *
   * @param id of a row to read along; it is not read unless the session is alive
   */
  find(rawToken: string, id?: string): Promise<FoundSession | null>;
}

/** Idle sessions last a week; what slides them is a request, at most once an hour. */
export const idleDays = 7;

const iso = (column: string): string => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const findText = (alongside: string) => `
  select s.id as session_id, s.token, ${iso("s.created_at")} as session_created_at,
    ${iso("s.updated_at")} as session_updated_at,
    ${iso("least(s.expires_at, s.created_at + $2 * interval '1 day')")} as expires_at,
    ${iso("s.second_factor_at")} as second_factor_at, ${iso("s.stepped_up_at")} as stepped_up_at,
    s.updated_at < now() - interval '1 hour' as slide,
    u.id as user_id, u.email, u.name, u.email_verified, u.global_role, u.two_factor_enabled,
    u.avatar_file_id, u.time_zone, u.locale, ${iso("u.created_at")} as created_at, u.version,
    (select coalesce(json_agg(json_build_object(
        'memberId', m.id, 'organizationId', m.organization_id, 'role', m.role, 'status', m.status,
        'organization', json_build_object(
          'id', o.id, 'name', o.name, 'slug', o.slug, 'logoFileId', o.logo_file_id,
          'suspended', o.suspended_at is not null, 'deleted', o.deleted_at is not null,
          'clientsSeeDirectory', o.clients_see_directory, 'coachesInviteClients', o.coaches_invite_clients,
          'twoFactorRoles', o.two_factor_roles, 'createdAt', ${iso("o.created_at")}, 'version', o.version))), '[]')
      from member m join organization o on o.id = m.organization_id
      where m.user_id = u.id and m.status <> 'removed'
    ) as memberships,
    (${alongside}) as alongside
  from session s join "user" u on u.id = s.user_id
  where s.token = $1 and s.expires_at > now()
    and s.created_at > now() - $2 * interval '1 day' and u.banned_at is null`;

const slideText = `
  update session s
  set updated_at = now(),
      expires_at = least(now() + $2 * interval '1 day', s.created_at + $3 * interval '1 day')
  where s.id = $1 and s.updated_at < now() - interval '1 hour'
  returning ${iso("s.expires_at")} as expires_at, ${iso("s.updated_at")} as updated_at`;

/**
 * Session, user and memberships in one prepared statement, below Drizzle because every request pays for it. There is no
 * cache: revocation, bans and role changes hold on the next request of every instance by construction. Instants are
 * formatted by the database, which is cheaper than a Date object for each.
 *
 * @param alongside a subselect of one JSON value, for the row whose id is `$3` and the user `u`: saves its readers a second
 *   statement.
 * @param maxDays absolute life of a session from its creation, whatever its activity.
 */
export function createSessionLookup(
  database: Queryable,
  alongside: string,
  { maxDays }: { maxDays: number },
): SessionLookup {
  const alone = findText("null");
  const accompanied = findText(alongside);

  async function slide(session: AuthSession): Promise<AuthSession> {
    const { rows } = await database.query<{ expires_at: string; updated_at: string }>({
      text: slideText,
      values: [session.id, idleDays, maxDays],
    });
    const [row] = rows;
    return row ? { ...session, expiresAt: row.expires_at, updatedAt: row.updated_at } : session;
  }

  return {
    async find(rawToken, id) {
      const { rows } = await database.query<Row>(
        id === undefined
          ? { name: "session-lookup", text: alone, values: [rawToken, maxDays] }
          : { name: "session-lookup-alongside", text: accompanied, values: [rawToken, maxDays, id] },
      );
      const [row] = rows;
      if (!row) return null;
      const session: AuthSession = {
        id: row.session_id,
        token: row.token,
        createdAt: row.session_created_at,
        updatedAt: row.session_updated_at,
        expiresAt: row.expires_at,
        secondFactorAt: row.second_factor_at,
        steppedUpAt: row.stepped_up_at,
      };
      const actor = toActor(row, row.slide ? await slide(session) : session);
      return id === undefined ? { actor } : { actor, alongside: { id, row: row.alongside } };
    },
  };
}

function toActor(row: Row, session: AuthSession): Actor {
  return {
    userId: row.user_id,
    email: row.email,
    name: row.name,
    emailVerified: row.email_verified,
    globalRole: row.global_role,
    twoFactorEnabled: row.two_factor_enabled,
    avatarFileId: row.avatar_file_id,
    timeZone: row.time_zone,
    locale: row.locale,
    createdAt: row.created_at,
    version: row.version,
    session,
    // Sorted here: one sort node more costs the statement a tenth.
    memberships: row.memberships.sort((a, b) => (a.memberId < b.memberId ? -1 : 1)),
  };
}
