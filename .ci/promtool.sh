#!/usr/bin/env bash
# Checks what is handed to Prometheus, with Prometheus' own promtool. Debian's package has it, but needs a dozen others
# for a web interface that nobody opens here: only the one program is taken out of it.
set -euo pipefail
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
promtool=$(command -v promtool || true)
if [ -z "$promtool" ]; then
  apt-get -o DPkg::Lock::Timeout=120 update -qq
  # As root without apt's sandbox, which may not write here.
  (cd "$tmp" && apt-get -o APT::Sandbox::User=root download -qq prometheus)
  dpkg -x "$tmp"/prometheus_*.deb "$tmp/package"
  promtool=$tmp/package/usr/bin/promtool
fi
cp -r docker/monitoring "$tmp"
# It looks for the token's file.
touch "$tmp/metrics_token"
sed -i "s#/run/secrets/#$tmp/#" "$tmp/monitoring/prometheus.yml"
"$promtool" check config "$tmp/monitoring/prometheus.yml" >"$tmp/said" || { cat "$tmp/said"; exit 1; }
"$promtool" test rules "$tmp/monitoring/alerts.test.yml" >"$tmp/said" || { cat "$tmp/said"; exit 1; }
