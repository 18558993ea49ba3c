# Questions about host certificates; sourced, in the folder with the keys.
# shellcheck shell=bash disable=SC2034

# Names that the certificate of a host is for.
principals_of() {
  jq -r --arg host "$1" '"\($host),\($host).\(.domain),\(.hosts[$host])"' "$STRATA_INPUTS"
}

# Is host $1's certificate signed by the CA with fingerprint $2, for its key and names, and good for a while?
certificate_is_good() {
  [[ -s $1 && -s $1.pub && -s $1-cert.pub ]] || return 1
  local text until names
  text=$(ssh-keygen -Lf "$1-cert.pub" 2>/dev/null) || return 1
  until=$(sed -n 's/^ *Valid: .* to //p' <<<"$text")
  names=$(sed -n '/Principals:/,/Critical/p' <<<"$text" | sed '1d;$d;s/^ *//' | paste -sd,)
  grep -q "Signing CA: ED25519 $2 " <<<"$text" &&
    grep -q "Public key: ED25519-CERT $(ssh-keygen -lf "$1.pub" | cut -d' ' -f2)\$" <<<"$text" &&
    [[ $names == "$(principals_of "$1")" ]] &&
    (($(date -d "$until" +%s) - $(date +%s) > STRATA_INPUT_VALID_DAYS * 86400 / 3))
}
