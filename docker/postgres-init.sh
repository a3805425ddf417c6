#!/usr/bin/env bash
# The two roles and the database they share; the postgres image runs this once, on an empty data folder.
# Needs DATABASE_PASSWORD and DATABASE_OWNER_PASSWORD, or the same names with _FILE.
set -euo pipefail

secret() {
  local file="$1_FILE"
  if [ -n "${!file:-}" ]; then cat "${!file}"; else printf '%s' "${!1:?is needed to create the roles}"; fi
}
APP_PASSWORD=$(secret DATABASE_PASSWORD)
OWNER_PASSWORD=$(secret DATABASE_OWNER_PASSWORD)
export APP_PASSWORD OWNER_PASSWORD

# \getenv and :'…' keep the passwords off the command line and inside their quotes.
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\getenv app_password APP_PASSWORD
\getenv owner_password OWNER_PASSWORD
create role coaching_owner login nosuperuser nocreatedb nocreaterole password :'owner_password';
create role coaching_app login nosuperuser nocreatedb nocreaterole password :'app_password';
select 'create database coaching_app'
  where not exists (select from pg_database where datname = 'coaching_app') \gexec
alter database coaching_app owner to coaching_owner;
revoke all on database coaching_app from public;
grant connect on database coaching_app to coaching_owner, coaching_app;
SQL
