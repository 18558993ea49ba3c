#!/usr/bin/env bash
# Looks at an environment from outside, as a user would: strata -C examples/onebox outputs dev --format json | ./smoke.sh
# The argument or stdin is a JSON object of outputs by unit (dev/web or web). Needs curl and jq.
set -euo pipefail
trap 'rm -rf "$work"' EXIT
work=$(mktemp -d)
cat -- "${1:--}" >"$work/outputs.json"

output() { # UNIT NAME: a value of that unit's outputs, however the file wraps them
  jq -er --arg unit "$1" --arg name "$2" '
    to_entries[] | select(.key | sub("^[^/]*/"; "") == $unit) | .value | (.outputs // .)[$name] | if type == "object" and has("value") then .value else . end
  ' "$work/outputs.json" || { echo "the outputs have no $1.$2" >&2; return 2; }
}
failed=0
expect() { # WHAT PATTERN: stdin must match
  local answer
  answer=$(cat)
  if grep -qE "$2" <<<"$answer"; then echo "ok      $1"; else echo "FAILED  $1: ${answer:0:200}"; failed=1; fi
}

output acme ca_certificate >"$work/ca.pem"
zone=$(output dns zone)
server=$(output dns server)
balancer=haproxy
output haproxy address >/dev/null 2>&1 || balancer=nginx
address=$(output $balancer address)
port=$(output $balancer https_port)
get() { # NAME PATH: over TLS by that name, trusting the platform's authority only
  curl -sS --max-time 10 --cacert "$work/ca.pem" --resolve "$1:$port:$address" "https://$1:$port$2" "${@:3}" 2>&1 || true
}

get "www.$zone" / | expect "https://www.$zone/ shows the row from the database" 'Hello from the database of '
get "api.$zone" /api/readings | expect "https://api.$zone/api/readings counts" '"readings": 500'
get "www.$zone" / -o /dev/null -w '%{ssl_verify_result} %{http_code}' | expect 'its certificate is good' '^0 200$'
for _ in 1 2 3 4; do get "www.$zone" / -o /dev/null -D - | tr -d '\r' | sed -n 's/^x-served-by: //Ip'; done | sort -u | paste -sd' ' |
  expect 'the web hosts take turns' '^web-1 web-2$'
curl -sS --max-time 10 -o /dev/null -w '%{http_code} %{redirect_url}' -H "Host: www.$zone" "http://$address/" | expect 'plain HTTP is redirected' "^301 https://www.$zone/"
curl -sS --max-time 10 "$(output report url)" | expect 'the report asked by name, through DNS and TLS' "\"source\": \"https://api.$zone/.*\"readings\": 2000"
output backup restored_rows | expect "the backup was restored (snapshot $(output backup snapshot), $(output backup restore_seconds) s)" '^[1-9]'
! command -v dig >/dev/null || dig +short +time=3 "@$server" "www.$zone" | expect "DNS at $server knows www.$zone" "^$address$"

exit $failed
