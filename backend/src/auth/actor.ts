/** One role in one organization, read together with the session on every request. */
export interface Membership {
  readonly memberId: string;
  readonly organizationId: string;
  readonly role: Role;
  readonly status: "active" | "suspended";
  readonly organization: OrganizationProfile;
}

/** What every member may know of an organization. */
export interface OrganizationProfile {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly logoFileId: string | null;
  readonly suspended: boolean;
  /** Deleted, but not yet for good: invisible except to those who may bring it back. */
  readonly deleted: boolean;
  readonly clientsSeeDirectory: boolean;
  readonly coachesInviteClients: boolean;
  readonly twoFactorRoles: readonly Role[];
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly version: number;
}

/** Roles inside an organization; `platform_admin` is global and not one of them. */
export type Role = "org_admin" | "manager" | "coach" | "client";

/** The signed-in person behind a request. */
export interface Actor {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly emailVerified: boolean;
  readonly globalRole: "platform_admin" | null;
  readonly twoFactorEnabled: boolean;
  readonly avatarFileId: string | null;
  readonly timeZone: string;
  readonly locale: string;
  readonly createdAt: string;
  readonly version: number;
  readonly session: AuthSession;
  readonly memberships: readonly Membership[];
}

export interface AuthSession {
  readonly id: string;
  /** Raw, as stored: never leaves the server unsigned. */
  readonly token: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly expiresAt: string;
  /** When a second factor was shown to begin it, if one was. */
  readonly secondFactorAt: string | null;
  readonly steppedUpAt: string | null;
}

/** Where a request came from; goes into every audit event. */
export interface Origin {
  readonly ip: string;
  /** Name of the app build's client key, if one was sent. */
  readonly client: string | null;
  readonly requestId: string;
}

/** Actor and origin: who does it, and from where. The first argument of every service method. */
export interface Caller extends Actor {
  readonly origin: Origin;
  readonly alongside?: Alongside | undefined;
}

/** The file that the path names, as it was in the very moment of which the caller's rights are. */
export interface Alongside {
  readonly id: string;
  /** As its feature selects it; null when there is none. */
  readonly row: unknown;
}
