# Questions about the deploy certificate; sourced.
# shellcheck shell=bash disable=SC2034

# Is it signed by our CA, for our key and principal, and good for at least a third of its time?
certificate_is_good() {
  [[ -s ca && -s ca.pub && -s deploy && -s deploy.pub && -s deploy-cert.pub ]] || return 1
  local text ca key until
  text=$(ssh-keygen -Lf deploy-cert.pub 2>/dev/null) || return 1
  ca=$(ssh-keygen -lf ca.pub | cut -d' ' -f2)
  key=$(ssh-keygen -lf deploy.pub | cut -d' ' -f2)
  until=$(sed -n 's/^ *Valid: .* to //p' <<<"$text")
  grep -q "Signing CA: ED25519 $ca " <<<"$text" &&
    grep -q "Public key: ED25519-CERT $key\$" <<<"$text" &&
    sed -n '/Principals:/,/Critical/p' <<<"$text" | grep -qx " *$STRATA_INPUT_PRINCIPAL" &&
    (($(date -d "$until" +%s) - $(date +%s) > STRATA_INPUT_VALID_DAYS * 86400 / 3))
}
