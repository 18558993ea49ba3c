#!/usr/bin/env bash
# Makes the CA and the deploy key once, signs the deploy certificate when it must be.
set -euo pipefail
here=$PWD
# shellcheck source=certificate.sh
. ./certificate.sh
umask 077
cd "$STRATA_STATE"

key() { # a new key pair; the public half appears last, so a half-made pair is made again
  [[ -s $1 && -s $1.pub ]] && return
  rm -f "$1" "$1.pub"
  ssh-keygen -q -t ed25519 -N '' -C "$2" -f "$1"
  echo "made the key pair $2"
}
key ca 'onebox CA'
key deploy 'onebox deploy'

if ! certificate_is_good; then
  ssh-keygen -q -s ca -I onebox-deploy -n "$STRATA_INPUT_PRINCIPAL" -V "-5m:+${STRATA_INPUT_VALID_DAYS}d" \
    -O clear -O permit-pty deploy.pub
  echo "signed a deploy certificate for $STRATA_INPUT_PRINCIPAL, valid $STRATA_INPUT_VALID_DAYS days"
fi

jq -n --rawfile ca ca --rawfile ca_public ca.pub --rawfile deploy deploy --rawfile certificate deploy-cert.pub '
  ($ca_public | rtrimstr("\n")) as $public | {
    ca_public_key: $public,
    ca_private_key: $ca,
    known_hosts: "@cert-authority * \($public)\n",
    deploy_key: $deploy,
    deploy_certificate: $certificate
  }' >"$STRATA_OUTPUTS"
cd "$here"
