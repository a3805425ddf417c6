CREATE TABLE "anomaly_finding" (
	"rule" text NOT NULL,
	"log" text NOT NULL,
	"subject" text NOT NULL,
	"count" integer NOT NULL,
	"found_at" timestamp with time zone DEFAULT now() NOT NULL,
	"told_at" timestamp with time zone,
	CONSTRAINT "anomaly_finding_rule_log_subject_pk" PRIMARY KEY("rule","log","subject")
);
--> statement-breakpoint
CREATE TABLE "anomaly_signal" (
	"rule" text NOT NULL,
	"log" text NOT NULL,
	"subject" text NOT NULL,
	"minute" timestamp with time zone NOT NULL,
	"detail" text NOT NULL,
	"count" integer NOT NULL,
	"fresh" boolean DEFAULT true NOT NULL,
	CONSTRAINT "anomaly_signal_rule_log_subject_minute_detail_pk" PRIMARY KEY("rule","log","subject","minute","detail")
);
--> statement-breakpoint
CREATE TABLE "anomaly_watermark" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"xid" "xid8" NOT NULL,
	CONSTRAINT "anomaly_watermark_only" CHECK ("anomaly_watermark"."only")
);
--> statement-breakpoint
CREATE TABLE "ended_session" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "anomaly_finding_told_idx" ON "anomaly_finding" USING btree ("log","told_at");--> statement-breakpoint
CREATE INDEX "anomaly_finding_found_idx" ON "anomaly_finding" USING btree ("found_at");--> statement-breakpoint
CREATE INDEX "anomaly_signal_fresh_idx" ON "anomaly_signal" USING btree ("rule") WHERE "anomaly_signal"."fresh";--> statement-breakpoint
CREATE INDEX "anomaly_signal_minute_idx" ON "anomaly_signal" USING btree ("minute");--> statement-breakpoint
CREATE INDEX "ended_session_expires_at_idx" ON "ended_session" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "audit_event_xid_idx" ON "audit_event" USING btree ("xid");
--> statement-breakpoint
-- Whatever ends an auth session before its time (a person, an admin, Better-auth, an operator) leaves this behind, in the
-- same transaction.
CREATE FUNCTION session_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.ended_session (token_hash, user_id, expires_at)
  SELECT encode(sha256(convert_to(token, 'UTF8')), 'hex'), user_id, expires_at FROM ended WHERE expires_at > now()
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER session_ended AFTER DELETE ON "session"
  REFERENCING OLD TABLE AS ended FOR EACH STATEMENT EXECUTE FUNCTION session_ended();
