#!/usr/bin/env bash
# Checks what is handed to Prometheus, with Prometheus' own promtool. Debian's package has both, but needs a dozen others
# for a web interface that nobody opens here: only the programs are taken out of it.
#   usage: .ci/promtool.sh [folder to leave the programs in]
set -euo pipefail
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
programs=${1:-$tmp/programs}
mkdir -p "$programs"
if command -v promtool >/dev/null && command -v prometheus >/dev/null; then
  ln -sf "$(command -v promtool)" "$(command -v prometheus)" "$programs"
else
  apt-get -o DPkg::Lock::Timeout=120 update -qq
  # As root without apt's sandbox, which may not write here.
  (cd "$tmp" && apt-get -o APT::Sandbox::User=root download -qq prometheus)
  dpkg -x "$tmp"/prometheus_*.deb "$tmp/package"
  mv "$tmp"/package/usr/bin/prom* "$programs"
fi
cp -r docker/monitoring "$tmp"
# It looks for the token's file.
touch "$tmp/metrics_scraper_token"
sed -i "s#/run/secrets/#$tmp/#" "$tmp/monitoring/prometheus.yml"
"$programs/promtool" check config "$tmp/monitoring/prometheus.yml" >"$tmp/said" || { cat "$tmp/said"; exit 1; }
"$programs/promtool" test rules "$tmp/monitoring/alerts.test.yml" >"$tmp/said" || { cat "$tmp/said"; exit 1; }
