#!/bin/bash
# Bucket, two users and what each may do, in a store of the MinIO family. May run any number of times.
set -euo pipefail
export MC_CONFIG_DIR=/tmp/mc
bucket=coaching-app

# Over standard input: a secret in a command line is everybody's.
mc alias set store "$STORE_URL" <<<"$STORE_ROOT_USER
$(cat "$STORE_ROOT_PASSWORD_FILE")" >/dev/null
mc mb --ignore-existing "store/$bucket"

user() { # file of its name, file of its secret, policy
  local name
  name=$(cat "$1")
  mc admin user add store <<<"$name
$(cat "$2")"
  mc admin policy create store "$name" "$3"
  # Refuses what is attached already.
  mc admin policy attach store "$name" --user "$name" || mc admin user info store "$name" | grep -q "$name"
}
user "$S3_ACCESS_KEY_ID_FILE" "$S3_SECRET_ACCESS_KEY_FILE" "$STORE_POLICY_SERVER"
user "$S3_UPLOAD_ACCESS_KEY_ID_FILE" "$S3_UPLOAD_SECRET_ACCESS_KEY_FILE" "$STORE_POLICY_UPLOAD"
