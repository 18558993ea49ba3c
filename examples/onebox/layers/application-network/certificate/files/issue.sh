#!/usr/bin/env bash
# issue.sh due: says why a new certificate is due, or nothing. issue.sh issue: has it issued.
set -euo pipefail
# shellcheck source=/dev/null
. /etc/certificate/config
certificate=$BASEDIR/certs/site/fullchain.pem
key=$BASEDIR/certs/site/privkey.pem

due() {
  if ! [ -s "$certificate" ] || ! [ -s "$key" ]; then echo "there is none"; return; fi
  openssl verify -CAfile /etc/certificate/root.pem -untrusted "$certificate" "$certificate" >/dev/null 2>&1 ||
    { echo "it is not of the present authority, or has expired"; return; }
  openssl x509 -in "$certificate" -noout -checkend "$RENEW_SECONDS" >/dev/null ||
    { echo "it ends soon"; return; }
  local found
  found=$(openssl x509 -in "$certificate" -noout -ext subjectAltName | grep -o 'DNS:[^, ]*' | cut -d: -f2 | sort | paste -sd' ')
  [ "$found" = "$NAMES" ] || { echo "its names are $found"; return; }
  [ "$(openssl x509 -in "$certificate" -noout -pubkey)" = "$(openssl pkey -in "$key" -pubout)" ] || echo "its key is another"
}

issue() {
  if [ -z "$(ss -Hltn 'sport = :80')" ]; then   # no load balancer yet: answer on port 80 for as long as this takes, no longer
    setpriv --pdeathsig KILL /etc/certificate/responder.py 0.0.0.0 80 "$WELLKNOWN" 2>/dev/null &
    trap 'kill %1' EXIT
    curl -s -o /dev/null --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1/
  fi
  umask 077
  rm -f "$LOCKFILE"
  if ! grep -qs . "$BASEDIR"/accounts/*/registration_info.json; then
    rm -rf "$BASEDIR/accounts"
    dehydrated --config /etc/certificate/config --register --accept-terms
  fi
  dehydrated --config /etc/certificate/config --cron --force
  local still
  still=$(due)
  [ -z "$still" ] || { echo "a certificate was issued, but $still" >&2; exit 1; }
}

case ${1:-} in
  due) due ;;
  issue) issue ;;
  *) sed -n 2p "$0" >&2; exit 2 ;;
esac
