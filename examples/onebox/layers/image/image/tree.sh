#!/usr/bin/env bash
# Makes out/tree: Debian 11 with the packages of packages.txt, our files, and nothing that two hosts must not share.
set -euo pipefail
rm -rf out # of a build that was cut off
mkdir out

# the same mirror that this machine installs from
mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null || true; } |
  sed -nE 's/^URIs: *([^ ]*\/debian)\/? *$/\1/p; s/^deb (\[[^]]*\] )?([^ ]*\/debian)\/? .*/\2/p' | head -n 1)
if [[ -z $mirror ]]; then
  echo 'found no Debian mirror in /etc/apt/sources.list*' >&2
  exit 1
fi
lists=(packages.txt)
if [[ $HARDEN == true ]]; then lists+=(packages-hardened.txt); fi
packages=$(sed 's/#.*//' "${lists[@]}" | xargs | tr ' ' ,)

cat >out/before.sh <<'HOOK'
#!/bin/sh
# Before packages: no service starts in the tree, and no PostgreSQL cluster is made.
set -e
mkdir -p "$1/usr/sbin" "$1/etc/postgresql-common"
printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
chmod 755 "$1/usr/sbin/policy-rc.d"
echo 'create_main_cluster = false' >"$1/etc/postgresql-common/createcluster.conf"
HOOK
chmod +x out/before.sh

# Packer leaves files open; with ten of them mmdebstrap's next has a number that its shell can't redirect to
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
echo "installing Debian 11 from $mirror"
mmdebstrap --quiet --variant=minbase --mode=root --format=directory --include="$packages" \
  --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Retries "5"' --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --essential-hook="$PWD/out/before.sh" \
  bullseye out/tree "deb $mirror bullseye main" "deb $mirror-security bullseye-security main"

# our files: root's, and executable where they are programs
cp -r --no-preserve=ownership files/. out/tree/
chmod 755 out/tree/usr/local/sbin/* out/tree/etc/sv/{sshd,wg0}/run
rm -f out/tree/etc/runit/runsvdir/default/*
ln -s /etc/sv/sshd /etc/sv/wg0 out/tree/etc/runit/runsvdir/default/

# wireguard-go came after Debian 11: this machine's, with the C library that it needs beside it
library=out/tree/usr/local/lib/wireguard-go
mkdir -p "$library"
cp --dereference "$(command -v wireguard-go)" "$library/"
ldd "$library/wireguard-go" | grep -o '/[^ ]*' | xargs -I{} cp --dereference {} "$library/" || true # none when static
loader=$(cd "$library" && echo ld-*)
{
  echo '#!/bin/sh'
  if [[ -e $library/$loader ]]; then
    echo "cd /usr/local/lib/wireguard-go && exec ./$loader --library-path . ./wireguard-go \"\$@\""
  else
    echo 'exec /usr/local/lib/wireguard-go/wireguard-go "$@"'
  fi
} >out/tree/usr/local/sbin/wireguard-go
chmod 755 out/tree/usr/local/sbin/wireguard-go

# what each host gets of its own
rm -f out/tree/etc/ssh/ssh_host_* out/tree/etc/ssl/private/ssl-cert-snakeoil.key out/tree/etc/ssl/certs/ssl-cert-snakeoil.pem
ln -sf /etc/onebox/hosts out/tree/etc/hosts
mkdir -p out/tree/etc/onebox out/tree/data
: >out/tree/etc/machine-id
: >out/tree/etc/resolv.conf
echo localhost >out/tree/etc/hostname
