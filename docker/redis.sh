#!/bin/sh
# Redis with the password from its secret, which so appears neither in the command line nor in the environment.
# It only counts limits: nothing is kept on disk, and a full memory is refused rather than forgotten.
set -eu
exec redis-server - "$@" <<CONFIG
requirepass $(cat "$REDIS_PASSWORD_FILE")
save ""
appendonly no
dir /tmp
maxmemory 96mb
maxmemory-policy noeviction
CONFIG
