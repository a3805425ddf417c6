#!/usr/bin/env bash
# A real ClamAV daemon for tests, from Debian's package, on 127.0.0.1. It knows one thing, the EICAR test file, from a
# signature written here: signature downloads need a network. Needs root on Debian.   usage: .ci/clamd.sh start|stop|env
#   eval "$(.ci/clamd.sh env)"   ->  CLAMD_HOST, CLAMD_PORT
# STATE and CLAMD_PORT choose another folder and port, for a daemon of one's own.
set -euo pipefail
D=${STATE:-/var/lib/clamd-ci}
PORT=${CLAMD_PORT:-13310}
CLAMD=/usr/sbin/clamd

install_package() {
  [ ! -x $CLAMD ] || return 0
  local own=0
  # keep package scripts from starting anything
  if [ ! -e /usr/sbin/policy-rc.d ]; then printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; own=1; fi
  apt-get -o DPkg::Lock::Timeout=120 update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends clamav-daemon >/dev/null
  [ $own = 0 ] || rm -f /usr/sbin/policy-rc.d
}

configure() {
  mkdir -p "$D/db" "$D/tmp"
  # Name : any type of file : anywhere in it : the 68 characters of the test file, as hex
  printf 'Eicar-Test-Signature:0:*:%s\n' \
    58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d5354414e444152442d414e544956495255532d544553542d46494c452124482b482a >"$D/db/eicar.ndb"
  cat >"$D/clamd.conf" <<C
Foreground yes
TCPSocket $PORT
TCPAddr 127.0.0.1
DatabaseDirectory $D/db
TemporaryDirectory $D/tmp
# small, so that tests reach them; what is over them is said to be
StreamMaxLength 8M
MaxFileSize 8M
MaxScanSize 8M
AlertExceedsMax yes
C
}

answers() { # PING
  local reply=''
  exec 3<>"/dev/tcp/127.0.0.1/$PORT" || return 1
  printf 'nPING\n' >&3
  read -r -t 5 reply <&3 || true
  exec 3>&-
  [ "$reply" = PONG ]
}

start() {
  install_package
  configure
  setsid $CLAMD --config-file="$D/clamd.conf" >"$D/clamd.out" 2>&1 </dev/null &
  echo $! >"$D/pid"
  for _ in $(seq 1 300); do
    kill -0 "$(cat "$D/pid")" 2>/dev/null || break
    if (answers) 2>/dev/null; then
      echo "clamd ready on 127.0.0.1:$PORT"
      return 0
    fi
    sleep 0.1
  done
  echo "clamd did not start:" >&2
  cat "$D/clamd.out" >&2
  exit 1
}

stop() {
  [ -e "$D/pid" ] || return 0
  local p
  p=$(cat "$D/pid")
  rm -f "$D/pid"
  # only a process that is still the one we started
  [ "$(cat "/proc/$p/comm" 2>/dev/null)" = clamd ] || return 0
  kill "$p" 2>/dev/null || true
  for _ in $(seq 1 100); do kill -0 "$p" 2>/dev/null || return 0; sleep 0.1; done
  kill -9 "$p" 2>/dev/null || true
}

case ${1:-start} in
  start) stop; start ;;
  stop) stop ;;
  env) printf 'export CLAMD_HOST=127.0.0.1 CLAMD_PORT=%s\n' "$PORT" ;;
  *) echo "usage: $0 start|stop|env" >&2; exit 2 ;;
esac
