ALTER TABLE "file" ADD COLUMN "sizes" integer[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "file" ADD COLUMN "scanned_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "file" ADD COLUMN "threat" text;--> statement-breakpoint
ALTER TABLE "organization" ADD COLUMN "storage_quota" bigint;--> statement-breakpoint
ALTER TABLE "upload_intent" ADD COLUMN "upload_id" text;--> statement-breakpoint
ALTER TABLE "upload_intent" ADD COLUMN "part_size" integer;--> statement-breakpoint
CREATE INDEX "audit_event_actor_idx" ON "audit_event" USING btree ("organization_id","actor_id","id");--> statement-breakpoint
CREATE INDEX "file_processing_idx" ON "file" USING btree ("created_at") WHERE "file"."status" = 'processing';--> statement-breakpoint
CREATE INDEX "upload_intent_organization_id_idx" ON "upload_intent" USING btree ("organization_id");--> statement-breakpoint
ALTER TABLE "organization" ADD CONSTRAINT "organization_storage_quota" CHECK ("organization"."storage_quota" >= 0);