-- A restore into a new cluster restarts transaction ids. The audit log goes on counting: audit_xid adds the base that
-- the restore wrote down to what the cluster counts.
CREATE TABLE "audit_epoch" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"xid_base" bigint NOT NULL
);
--> statement-breakpoint
-- Only the owner begins an epoch: a base of the application's choice would put its events into a sealed range.
REVOKE INSERT, UPDATE, DELETE ON "audit_epoch" FROM coaching_app;
--> statement-breakpoint
CREATE FUNCTION audit_xid(counted xid8) RETURNS xid8 LANGUAGE sql STABLE AS $$
  SELECT ((SELECT coalesce(max(xid_base), 0) FROM public.audit_epoch) + counted::text::numeric)::text::xid8
$$;
--> statement-breakpoint
ALTER TABLE "audit_event" ALTER COLUMN "xid" SET DEFAULT audit_xid(pg_current_xact_id());
--> statement-breakpoint
CREATE OR REPLACE FUNCTION audit_event_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.xid := public.audit_xid(pg_current_xact_id());
  NEW.at := now();
  RETURN NEW;
END
$$;
