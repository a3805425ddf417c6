-- A trusted extension of PostgreSQL itself: the owner of the database may make it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
--> statement-breakpoint
CREATE INDEX "member_role_list_idx" ON "member" USING btree ("organization_id","role","id");--> statement-breakpoint
CREATE INDEX "user_search_idx" ON "user" USING gin (lower("name" collate "und-x-icu") gin_trgm_ops,"email" gin_trgm_ops);