#!/bin/sh
# Makes every secret that docker-compose.*.yml read and that is not there yet: ./secrets/<name>, one value each.
# Compose keeps the modes of the host, and containers run under other accounts: the folder closes the files off.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets
chmod 700 secrets

random() { head -c 36 /dev/urandom | base64 | tr '+/' '-_'; }
make() { # name value
  [ ! -s "secrets/$1" ] || return 0
  printf '%s\n' "$2" >"secrets/$1"
  echo "secrets/$1"
}

make better_auth_secrets "1:$(random)"
# Encrypts what waits in the database. A copy belongs where the backups are not.
make data_keys "1:$(random)"
make client_api_key "web:$(random),ios:$(random),android:$(random)"
for name in postgres_password database_owner_password database_password redis_password metrics_token \
  store_root_password s3_secret_access_key s3_upload_secret_access_key bootstrap_admin_password; do
  make "$name" "$(random)"
done
# A scraper sends one token, and the file of the servers has two after a rotation.
make metrics_scraper_token "$(cut -d, -f1 secrets/metrics_token)"
# Names of keys and no secrets: in files because they change together with what proves them.
make s3_access_key_id coaching-app-server
make s3_upload_access_key_id coaching-app-upload
# Encrypts all objects. Without it they are lost: keep a copy where the backups are not.
make store_encryption_key "coaching-app:$(head -c 32 /dev/urandom | base64)"
[ -s secrets/smtp_pass ] || echo 'secrets/smtp_pass is yours to write: the password of the mail account'
chmod 444 secrets/*
