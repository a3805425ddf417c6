#!/usr/bin/env bash
# What is handed to other programs, read by those programs: Compose, Caddy, nginx, systemd, Prometheus, the shell.
set -euo pipefail
cd "$(dirname "$0")/.."
.ci/packages.sh caddy nginx-light docker-compose shellcheck openssl curl wget iproute2 \
  redis-server postgresql-client clamav-daemon clamdscan systemd
tmp=$(mktemp -d)
caddy=''
finish() {
  [ -z "$caddy" ] || kill "$caddy" 2>/dev/null || true
  rm -rf "$tmp"
}
trap finish EXIT

shellcheck docker/*.sh .ci/*.sh .ci/run
.ci/promtool.sh "$tmp/prometheus"

# Debian's Compose is of the first generation: it knows the specification, but bind mounts for configs.
cp -r docker docker-compose*.yml "$tmp"
sh "$tmp/docker/make-secrets.sh" >/dev/null
sed -e 's#^\(BETTER_AUTH_URL\|S3_PUBLIC_ENDPOINT\|FRONTEND_URL\|CORS_ORIGIN\)=.*#\1=https://\1.example.test#' \
  -e "s/^\(BACKUP_RECIPIENT\)=.*/\1=age1$(printf 'q%.0s' $(seq 58))/" \
  -e 's/^\(SMTP_HOST\|SMTP_USER\|MAIL_FROM\|BOOTSTRAP_ADMIN_EMAIL\)=.*/\1=someone@example.test/' .env.example >"$tmp/.env"
for files in docker-compose.yml docker-compose.prod.yml 'docker-compose.prod.yml docker-compose.scan.yml' 'docker-compose.prod.yml docker-compose.backup.yml' 'docker-compose.prod.yml docker-compose.monitoring.yml'; do
  options=()
  for file in $files; do options+=(-f "$file"); done
  (cd "$tmp" && docker-compose "${options[@]}" config >rendered.yml 2>errors) || { cat "$tmp/errors"; exit 1; }
done
# Swarm reads the same files by other rules, and where there is a docker command, it needs no daemon for that.
if command -v docker >/dev/null; then
  (
    cd "$tmp"
    set -a
    # shellcheck source=/dev/null
    . ./.env
    docker stack config -c docker-compose.prod.yml -c docker-compose.scan.yml -c docker-compose.backup.yml -c docker-compose.swarm.yml >rendered.yml
  )
else
  echo 'NOT CHECKED: docker-compose.swarm.yml by docker stack config, as there is no docker command'
fi

BETTER_AUTH_URL=https://api.example.test S3_PUBLIC_ENDPOINT=https://files.example.test \
  caddy validate --adapter caddyfile --config docker/Caddyfile >"$tmp/caddy" 2>&1 || { cat "$tmp/caddy"; exit 1; }
for file in docker/Caddyfile.dev docs/deploy/Caddyfile; do
  caddy validate --adapter caddyfile --config "$file" >"$tmp/caddy" 2>&1 || { cat "$tmp/caddy"; exit 1; }
done

# Of the store, only signed requests for objects pass. There is no store here: what would reach it ends in 502.
port=$(node -e 'const s = require("node:net").createServer().listen(0, () => { console.log(s.address().port); s.close(); })')
BETTER_AUTH_URL=http://api.localhost:$port S3_PUBLIC_ENDPOINT=http://files.localhost:$port HOME=$tmp \
  caddy run --adapter caddyfile --config docker/Caddyfile >"$tmp/caddy" 2>&1 &
caddy=$!
curl -fs --retry 20 --retry-connrefused --retry-delay 1 -o /dev/null http://127.0.0.1:2019/ || { cat "$tmp/caddy"; exit 1; }
status() { # method path
  curl -s -o /dev/null -w '%{http_code}' -X "$1" -H "Host: files.localhost:$port" "http://127.0.0.1:$port$2"
}
expect() { # status method path
  local got
  got=$(status "$2" "$3")
  [ "$got" = "$1" ] || { echo "$2 $3: $got instead of $1"; exit 1; }
}
signed='X-Amz-Signature=0'
expect 502 PUT "/coaching-app/staging/x?$signed"
expect 502 GET "/coaching-app/objects/x?$signed"
expect 502 OPTIONS /coaching-app/staging/x
expect 404 GET /coaching-app/objects/x
expect 404 POST "/coaching-app/staging/x?$signed"
expect 404 DELETE "/coaching-app/objects/x?$signed"
expect 404 GET "/coaching-app?$signed"
expect 404 GET "/another-bucket/x?$signed"
expect 404 GET "/minio/admin/v3/info?$signed"
kill "$caddy"
caddy=''

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=api.example.com \
  -keyout "$tmp/privkey.pem" -out "$tmp/fullchain.pem" 2>/dev/null
cat docs/deploy/nginx.conf docs/deploy/nginx-store.conf | sed "s#/etc/letsencrypt/live/[a-z]*.example.com#$tmp#" >"$tmp/site.conf"
printf 'pid %s/nginx.pid; error_log %s/error.log; events {} http { access_log off; include %s/site.conf; }\n' \
  "$tmp" "$tmp" "$tmp" >"$tmp/nginx.conf"
nginx -t -c "$tmp/nginx.conf" 2>"$tmp/nginx" || { cat "$tmp/nginx"; exit 1; }

# Each check of a container, word for word, in a network where its port is free.
# shellcheck disable=SC2016 # $0 is of the inner shell
unshare --net sh -c 'ip link set lo up && exec node_modules/.bin/node backend/test/deploy/healthchecks.ts "$0"' "$tmp/prometheus"

sed "s#/usr/bin/node#$(command -v node)#" docs/deploy/coaching-app.service >"$tmp/coaching-app.service"
systemd-analyze verify "$tmp/coaching-app.service"
# 2.0 of 10: "OK" is below 4.
systemd-analyze security --offline=true --threshold=20 "$tmp/coaching-app.service" >"$tmp/security" ||
  { tail -1 "$tmp/security"; exit 1; }
echo 'Compose, Caddy, nginx, systemd and Prometheus accept their files'
