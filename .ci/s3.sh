#!/usr/bin/env bash
# A real S3 server (Ceph RADOS Gateway) for tests, from Debian packages only: 1 mon + 1 osd + radosgw, all on 127.0.0.1.
# No Docker, no systemd, no mgr. Needs root on Debian 12.   usage: .ci/s3.sh start|stop|wipe|status|env
#   .ci/s3.sh key add ci|uploader <access key> <secret>, .ci/s3.sh key rm ci|uploader <access key>: a second key, live
#   eval "$(.ci/s3.sh env)"   ->  S3_ENDPOINT, S3_TLS_ENDPOINT (the same over TLS), S3_TLS_CERTIFICATE (a file),
#                                 S3_REGION, S3_FORCE_PATH_STYLE, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY,
#                                 S3_UPLOAD_ACCESS_KEY_ID, S3_UPLOAD_SECRET_ACCESS_KEY (a user that owns nothing and may
#                                 do nothing until a bucket policy names it: arn:aws:iam:::user/uploader)
# STORE=memstore (default: fast, lost at stop) or bluestore (a 4 GiB sparse file, survives stop/start).
set -euo pipefail
D=${STATE:-/var/lib/s3-ci}
PORT=${S3_PORT:-8333}
TLS_PORT=$((PORT + 1))
KEY=${S3_ACCESS_KEY_ID:-ci-access-key}
SECRET=${S3_SECRET_ACCESS_KEY:-ci-secret-key}
UPLOAD_KEY=${S3_UPLOAD_ACCESS_KEY_ID:-ci-upload-access-key}
UPLOAD_SECRET=${S3_UPLOAD_SECRET_ACCESS_KEY:-ci-upload-secret-key}
STORE=${STORE:-memstore}
CONF=$D/ceph.conf
PKGS=(radosgw ceph-mon ceph-osd ceph-common curl openssl)

configure() { # writes the cluster; returns at once when it exists
  local fsid; fsid=$(cat /proc/sys/kernel/random/uuid)
  mkdir -p "$D"/{mon,osd,log,run,rgw}
  cat >"$CONF" <<C
[global]
fsid = $fsid
mon initial members = a
mon host = [v2:127.0.0.1:13300,v1:127.0.0.1:16789]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind port min = 16800
ms bind port max = 16899
keyring = $D/keyring
auth allow insecure global id reclaim = false
run dir = $D/run
log file = $D/log/\$name.log
mon data = $D/mon
osd data = $D/osd
# one replica on one disk
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
# answer fast on an idle single node
paxos propose interval = 0.05
paxos min wait = 0.01
mon data avail warn = 2
mon data avail crit = 1
osd objectstore = $STORE
memstore device bytes = 4294967296
bluestore block create = true
bluestore block size = 4294967296
osd memory target = 939524096
[client.rgw.ci]
admin socket =
rgw frontends = beast endpoint=127.0.0.1:$PORT ssl_endpoint=127.0.0.1:$TLS_PORT ssl_certificate=$D/tls.crt ssl_private_key=$D/tls.key tcp_nodelay=1
rgw data = $D/rgw
rgw thread pool size = 32
rgw enable usage log = false
# LC_DAY_SECONDS=5 makes one lifecycle "day" last 5 seconds, to test expiry rules for real
${LC_DAY_SECONDS:+rgw lc debug interval = $LC_DAY_SECONDS}
# let x-amz-server-side-encryption: AES256 through over plain http
rgw crypt require ssl = false
C
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$D/tls.key" -out "$D/tls.crt" 2>/dev/null
  ceph-authtool --create-keyring "$D/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
  ceph-authtool "$D/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *'
  ceph-authtool "$D/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
  ceph-authtool "$D/keyring" --gen-key -n client.rgw.ci --cap mon 'allow rw' --cap osd 'allow rwx'
  chmod 600 "$D/keyring"
  monmaptool --create --clobber --fsid "$fsid" --addv a '[v2:127.0.0.1:13300,v1:127.0.0.1:16789]' "$D/monmap" >/dev/null
  ceph-mon -c "$CONF" --mkfs -i a --monmap "$D/monmap" --keyring "$D/keyring"
}

spawn() { local n=$1; shift; setsid "$@" >"$D/log/$n.out" 2>&1 </dev/null & echo $! >"$D/run/$n.pid"; }
fail() { echo "S3 server did not start; last log lines:" >&2; tail -n 15 "$D"/log/*.out >&2 || true; tail -n 5 "$D/log/client.rgw.ci.log" >&2 || true; exit 1; }

create_user() { # id, access key, secret
  timeout 60 radosgw-admin -c "$CONF" -n client.rgw.ci user create --uid="$1" --display-name="$1" \
    --access-key="$2" --secret="$3" >/dev/null 2>>"$D/log/admin.out" || fail
}

key() { # add|rm, user, access key, secret
  local change=(key rm)
  [ "$1" = rm ] || change=(key create --secret="$4")
  timeout 60 radosgw-admin -c "$CONF" -n client.rgw.ci "${change[@]}" --uid="$2" --access-key="$3" >/dev/null
}

start() {
  "$(dirname "$0")/packages.sh" "${PKGS[@]}"
  local fresh=0 osd_uuid
  [ -e "$D/created" ] || { fresh=1; rm -rf "$D"; configure; }
  spawn mon ceph-mon -c "$CONF" -f -i a
  if [ $fresh = 1 ]; then
    osd_uuid=$(cat /proc/sys/kernel/random/uuid)
    timeout 60 ceph -c "$CONF" osd new "$osd_uuid" >/dev/null || fail
    ceph-osd -c "$CONF" -i 0 --mkfs --osd-uuid "$osd_uuid" >"$D/log/osd-mkfs.out" 2>&1 || fail
  fi
  spawn osd ceph-osd -c "$CONF" -f -i 0
  spawn rgw radosgw -c "$CONF" -f -n client.rgw.ci
  local up=0
  for _ in $(seq 1 300); do
    kill -0 "$(cat "$D/run/rgw.pid")" 2>/dev/null || break
    curl -fs -m 2 "http://127.0.0.1:$PORT/" >/dev/null && { up=1; break; }
    sleep 0.2
  done
  [ $up = 1 ] || fail
  if [ $fresh = 1 ]; then
    create_user ci "$KEY" "$SECRET"
    create_user uploader "$UPLOAD_KEY" "$UPLOAD_SECRET"
    [ "$STORE" = memstore ] || touch "$D/created"
  fi
  echo "S3 (Ceph radosgw) ready on http://127.0.0.1:$PORT and https://127.0.0.1:$TLS_PORT"
}

stop() {
  local n p
  for n in rgw osd mon; do
    [ -e "$D/run/$n.pid" ] || continue
    p=$(cat "$D/run/$n.pid"); rm -f "$D/run/$n.pid"
    # only a process that is still the one we started
    case "$(cat "/proc/$p/comm" 2>/dev/null)" in radosgw|ceph-osd|ceph-mon) ;; *) continue ;; esac
    kill "$p" 2>/dev/null || true
    for _ in $(seq 1 100); do kill -0 "$p" 2>/dev/null || continue 2; sleep 0.1; done
    kill -9 "$p" 2>/dev/null || true
  done
}

case ${1:-start} in
  start) stop; start ;;
  stop) stop ;;
  key) shift; key "$@" ;;
  wipe) stop; rm -rf "$D" ;;
  env)
    printf 'export S3_ENDPOINT=http://127.0.0.1:%s S3_REGION=us-east-1 S3_FORCE_PATH_STYLE=true\n' "$PORT"
    printf 'export S3_TLS_ENDPOINT=https://127.0.0.1:%s S3_TLS_CERTIFICATE=%s\n' "$TLS_PORT" "$D/tls.crt"
    printf 'export S3_ACCESS_KEY_ID=%s S3_SECRET_ACCESS_KEY=%s\n' "$KEY" "$SECRET"
    printf 'export S3_UPLOAD_ACCESS_KEY_ID=%s S3_UPLOAD_SECRET_ACCESS_KEY=%s\n' "$UPLOAD_KEY" "$UPLOAD_SECRET"
    ;;
  status) for n in mon osd rgw; do p=$(cat "$D/run/$n.pid" 2>/dev/null || echo 0); echo "$n pid $p $(grep VmRSS "/proc/$p/status" 2>/dev/null || echo stopped)"; done ;;
  *) echo "usage: $0 start|stop|wipe|status|env|key" >&2; exit 2 ;;
esac
