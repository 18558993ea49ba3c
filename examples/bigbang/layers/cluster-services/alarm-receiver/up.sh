#!/usr/bin/env bash
# Takes what is posted to /cgi-bin/alarm, and writes each on a line of $STRATA_STATE/alarms.log. What is there stays.
set -euo pipefail
./down.sh
log=$STRATA_STATE/alarms.log
touch "$log"
mkdir -p "$STRATA_STATE/www/cgi-bin"
cat >"$STRATA_STATE/www/cgi-bin/alarm" <<SCRIPT
#!/bin/sh
# nobody tells as much as a megabyte
[ "\${CONTENT_LENGTH:-0}" -le 1000000 ] || exit 1
# a line is written at once, so two at a time do not mix
line=\$(head -c "\${CONTENT_LENGTH:-0}" | tr -d '\\r\\n')
[ -z "\$line" ] || printf '%s\\n' "\$line" >>'$log'
printf 'Content-Type: text/plain\\r\\n\\r\\nheard\\n'
SCRIPT
chmod 755 "$STRATA_STATE/www/cgi-bin/alarm"
address=$STRATA_INPUT_ADDRESS:$STRATA_INPUT_PORT
setsid busybox httpd -f -p "$address" -h "$STRATA_STATE/www" </dev/null >/dev/null 2>&1 &
echo $! >"$STRATA_STATE/pid"
for _ in $(seq 50); do
  if ./check.sh >/dev/null; then
    printf '{"url": "http://%s/cgi-bin/alarm", "log": "%s"}' "$address" "$log" >"$STRATA_OUTPUTS"
    exit
  fi
  sleep 0.1
done
echo "nobody answers at http://$address" >&2
exit 1
