-- What Drizzle's schema cannot say: cyclic and composite foreign keys, and what the application's role may do.

ALTER TABLE "user" ADD CONSTRAINT "user_avatar_file_fk"
  FOREIGN KEY ("avatar_file_id") REFERENCES "file" ("id") ON DELETE SET NULL;
--> statement-breakpoint
ALTER TABLE "organization" ADD CONSTRAINT "organization_logo_file_fk"
  FOREIGN KEY ("id", "logo_file_id") REFERENCES "file" ("organization_id", "id") ON DELETE SET NULL ("logo_file_id");
--> statement-breakpoint

-- The server connects as coaching_app: rows, never definitions. Tables of later migrations are covered by default.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public, pgboss, drizzle TO coaching_app;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, pgboss TO coaching_app;
--> statement-breakpoint
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public, pgboss TO coaching_app;
--> statement-breakpoint
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgboss TO coaching_app;
--> statement-breakpoint
GRANT SELECT ON ALL TABLES IN SCHEMA drizzle TO coaching_app;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA public, pgboss GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO coaching_app;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA public, pgboss GRANT USAGE, SELECT ON SEQUENCES TO coaching_app;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA pgboss GRANT EXECUTE ON FUNCTIONS TO coaching_app;
--> statement-breakpoint

-- Audit is append-only, for the application too.
REVOKE UPDATE, DELETE ON "audit_event", "audit_seal" FROM coaching_app;
--> statement-breakpoint
-- When an event was written is the database's word: an older transaction id would put it into a sealed range.
CREATE FUNCTION audit_event_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.xid := pg_current_xact_id();
  NEW.at := now();
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER audit_event_stamp BEFORE INSERT ON "audit_event"
  FOR EACH ROW WHEN (current_user = 'coaching_app') EXECUTE FUNCTION audit_event_stamp();
--> statement-breakpoint
REVOKE INSERT, DELETE ON pgboss.version FROM coaching_app;
