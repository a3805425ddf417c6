import type { Logger } from "pino";
import { createAuditLog } from "./adapters/audit/audit-log.ts";
import { createCursors } from "./adapters/cursors/sealed.ts";
import { followDataKeys } from "./adapters/data-keys/aes-gcm.ts";
import { createIdempotencyStore } from "./adapters/idempotency/store.ts";
import { createImages } from "./adapters/images/sharp.ts";
import { createLimiters } from "./adapters/limiter/create.ts";
import { createLog } from "./adapters/log/log.ts";
import { followMail } from "./adapters/mail/follow.ts";
import { createQueue } from "./adapters/queue/pg-boss.ts";
import { createScanning } from "./adapters/scanner/create.ts";
import { createStorage } from "./adapters/storage/create.ts";
import { recentCheck } from "./adapters/storage/recent-check.ts";
import type { Tracing } from "./adapters/tracing/port.ts";
import { createAnomalyWatch } from "./anomaly-watch.ts";
import { createAccountSecurity } from "./auth/account-security.ts";
import { createAuthScopes } from "./auth/auth-scope.ts";
import { createAuth } from "./auth/better-auth.ts";
import { callerNow } from "./auth/caller-now.ts";
import { createPasswords } from "./auth/password.ts";
import { passwordLength } from "./auth/password-rules.ts";
import { createSessionLookup } from "./auth/session-lookup.ts";
import { createTokenRing, followTokenRing } from "./auth/token-ring.ts";
import type { Config } from "./config/config.ts";
import { createDatabase } from "./db/client.ts";
import { toAppError } from "./db/database-error.ts";
import { instanceName, type Role } from "./db/instances.ts";
import { followLogin } from "./db/login.ts";
import { AppError } from "./errors.ts";
import { createAuditExport } from "./features/audit-events/audit-events.export.ts";
import { createAuditEventsService } from "./features/audit-events/audit-events.service.ts";
import { fileAlongside } from "./features/files/files.find.ts";
import { createFileJobs } from "./features/files/files.jobs.ts";
import { createListFiles } from "./features/files/files.list.ts";
import { createFilesService } from "./features/files/files.service.ts";
import { createStorageService } from "./features/files/files.storage.ts";
import { createStoreSweep } from "./features/files/files.sweep.ts";
import { createInvitationAnswers } from "./features/invitations/invitations.answers.ts";
import { createInvite } from "./features/invitations/invitations.invite.ts";
import { createInvitationsService } from "./features/invitations/invitations.service.ts";
import { createMeService } from "./features/me/me.service.ts";
import { keepAnAdmin } from "./features/members/members.last-admin.ts";
import { createMemberSecurity } from "./features/members/members.security.ts";
import { createMembersService } from "./features/members/members.service.ts";
import {
  createOrganizationLifecycle,
  createOrganizationPurge,
} from "./features/organizations/organizations.lifecycle.ts";
import { createOrganizationsService } from "./features/organizations/organizations.service.ts";
import { createOrganizationSettingsService } from "./features/organizations/organizations.settings.ts";
import { createPlatformUserAccounts } from "./features/platform-users/platform-users.account.ts";
import { keepAPlatformAdmin } from "./features/platform-users/platform-users.last-admin.ts";
import { createPlatformUsersService } from "./features/platform-users/platform-users.service.ts";
import { createSignIn } from "./features/sign-in/sign-in.create.ts";
import { authEndpoints } from "./features/sign-in/sign-in.schema.ts";
import { createHousekeeping } from "./features/system/system.jobs.ts";
import { createErrorCounter } from "./http/error-counter.ts";
import { fixedConfig, type LiveConfig, renewed } from "./live.ts";
import { createSystem } from "./system.ts";
import { createWatch } from "./watch.ts";

export type Deps = ReturnType<typeof createDeps>;
const ringOf = ({ auth }: Config) => auth.secrets;

interface Options {
  readonly log?: Logger;
  readonly tracing?: Tracing | undefined;
  /** Told the text of every statement sent; for tests that count them. */
  readonly onStatement?: (text: string) => void;
  /** The same configuration, where its secrets may change. */
  readonly live?: LiveConfig;
  /** What this process is; instances that answer requests are counted. */
  readonly role?: Role;
}

/** Builds every dependency once. Nothing connects before it is used, except the queue in `startWorker`. */
export function createDeps(
  config: Config,
  {
    tracing,
    log = createLog(config, tracing),
    onStatement,
    role = "server",
    live = fixedConfig(config),
  }: Options = {},
) {
  const login = followLogin(live);
  const database = createDatabase(login, {
    max: config.database.poolMax,
    tracing,
    ...(onStatement && { onStatement }),
  });
  const { db } = database;
  const watch = createWatch(config, log, tracing);
  const queue = createQueue({ login, applicationName: instanceName(role), keys: followDataKeys(live), log });
  const storage = watch.storage(createStorage(config, live));
  const mail = watch.mail(
    followMail(live, (_to, link) => {
      // To click on; anywhere else a link in the log would be a key in the log.
      if (link && config.mode === "development") log.info({ link }, "mail written");
    }),
  );
  const limiters = createLimiters(live, log, watch.metrics.limiterFallback);
  const { requests: limiter, locks } = limiters;
  const errors = createErrorCounter();
  const tokens = followTokenRing(renewed(live, ringOf, createTokenRing));
  const audit = createAuditLog({ db, log, pseudonymOf: (address) => tokens.digest("audit", address) });
  const cursors = createCursors(tokens);
  const passwords = createPasswords({ concurrency: config.auth.argon2Concurrency });
  const filesDeps = {
    db,
    audit,
    queue,
    storage,
    scanning: createScanning(config),
    frontendUrl: config.frontendUrl,
    images: createImages(),
    imageOriginals: config.imageOriginals,
    storageIsUp: recentCheck(() => storage.check(), 2000),
    limits: config.fileLimits,
    quotaBytes: config.storageQuota,
  };
  // Opens no connection before the first job.
  const jobsDatabase = createDatabase(login, { max: 3, patient: true, tracing });
  watch.gather({ database, jobsDatabase, queue, errors });
  const fileJobs = createFileJobs({ ...filesDeps, db: jobsDatabase.db });
  const purge = createOrganizationPurge({ db: jobsDatabase.db, removeFiles: fileJobs.removeOrganization });
  const housekeeping = createHousekeeping({ db: jobsDatabase.db, log });
  const storeSweep = createStoreSweep({ db: jobsDatabase.db, storage }, log);
  const shared = { config, db, log, audit, queue, limiter };
  const { reads, endedSessions, detection } = createAnomalyWatch({
    ...shared,
    jobsDb: jobsDatabase.db,
    metrics: watch.metrics,
  });
  const schedules = [...fileJobs.schedules, storeSweep, purge, detection, ...housekeeping.schedules];

  const sessions = createSessionLookup(database, fileAlongside, { maxDays: config.auth.sessionMaxDays });
  const scopes = createAuthScopes();
  // Pages of these origins may be gone on to, and Better-auth trusts them.
  const origins = [new URL(config.frontendUrl).origin, ...config.corsOrigins];
  const authDeps = { config, origins, db, limiter, passwords, scopes, log };
  const auth = renewed(live, ringOf, (secrets) => createAuth({ ...authDeps, secrets }));
  const invitationsDeps = {
    db,
    audit,
    queue,
    limiter,
    frontendUrl: config.frontendUrl,
    verifiesAddresses: config.auth.requireEmailVerification,
  };
  const invite = createInvite(invitationsDeps);
  const invitationAnswers = createInvitationAnswers(invitationsDeps);
  const signIn = createSignIn({
    ...shared,
    auth,
    passwords,
    scopes,
    tokens,
    sessions,
    endedSessions,
    lockLimiter: locks,
    invitationProves: invitationAnswers.proves,
  });
  const accounts = createAccountSecurity({ queue, frontendUrl: config.frontendUrl });
  const common = { db, audit, cursors, reads, callerNow };
  const services = {
    me: createMeService({
      endSessions: accounts.endSessions,
      ...common,
      minAppVersion: config.minAppVersion,
      sessionMaxDays: config.auth.sessionMaxDays,
      prove: signIn.prove,
    }),
    organizations: createOrganizationsService({
      ...common,
      limiter,
      signup: config.auth.organizationSignup,
      invite,
    }),
    organizationLifecycle: createOrganizationLifecycle({ db, audit, callerNow }),
    organizationSettings: createOrganizationSettingsService({ db, audit, callerNow }),
    members: createMembersService({ ...common, keepAnAdmin }),
    memberSecurity: createMemberSecurity({ db, audit, callerNow, ...accounts }),
    invitations: createInvitationsService({
      ...invitationsDeps,
      ...common,
      invite,
      explain: (error) => (error instanceof AppError ? error : toAppError(error)),
    }),
    invitationAnswers,
    platformUsers: createPlatformUsersService({ ...common, keepAPlatformAdmin }),
    platformUserAccounts: createPlatformUserAccounts({ ...common, ...accounts, keepAPlatformAdmin }),
    files: createFilesService({ ...filesDeps, reads }),
    listFiles: createListFiles({ db, cursors, reads }),
    storage: createStorageService(filesDeps),
    auditEvents: createAuditEventsService({ db, cursors, reads }),
    auditExport: createAuditExport({ db, audit }),
    signIn,
    system: createSystem(config, { ...filesDeps, database, limiters, live }),
  };

  return {
    config,
    live,
    log,
    database,
    db,
    queue,
    storage,
    limiter,
    errors,
    metrics: watch.metrics,
    tracing,
    audit,
    tokens,
    passwords,
    services,
    idempotency: createIdempotencyStore(db),
    sessions,
    endedSessions,
    reads,
    authEndpoints: authEndpoints({
      origins,
      passwordLength,
      verifiesAddresses: config.auth.requireEmailVerification,
    }),

    /** What comes round by the clock, once over all instances. */
    schedules,

    /** Connects the queue, so that jobs can be enqueued. */
    startQueue: () => queue.start(),

    /** Takes jobs and does what comes round by the clock, until `close`. */
    async startWorker(): Promise<void> {
      await queue.work(watch.handlers({ mail: mail.send, ...fileJobs.handlers }), watch.schedules(schedules));
      housekeeping.start();
    },

    async close(): Promise<void> {
      await housekeeping.stop();
      await Promise.all([queue.stop(), reads.stop()]);
      limiters.close();
      await Promise.all([mail.close(), storage.close(), database.close(), jobsDatabase.close()]);
      await tracing?.stop();
    },
  };
}
