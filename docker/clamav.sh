#!/bin/sh
# ClamAV with fresh signatures, as an account that may write nothing else.
set -eu
# Older signatures are better than none.
freshclam || ls /var/lib/clamav/main.*
freshclam --daemon --checks=12
exec clamd --foreground --config-file=/etc/clamav/coaching.conf
