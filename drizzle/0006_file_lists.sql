CREATE INDEX "file_target_idx" ON "file" USING btree ("organization_id","target","id");--> statement-breakpoint
CREATE INDEX "file_not_ready_idx" ON "file" USING btree ("organization_id","id") WHERE "file"."status" <> 'ready';--> statement-breakpoint
CREATE INDEX "file_usage_idx" ON "file" USING btree ("organization_id","size") WHERE "file"."status" <> 'rejected';