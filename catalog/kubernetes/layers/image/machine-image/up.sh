#!/usr/bin/env bash
# Makes the archive of a file tree, unless the one of these packages and files is there: it is kept beside the programs, for
# all environments and checkouts of this machine.
set -euo pipefail
recipe=$(cat packages.txt files/* up.sh | sha256sum | cut -c1-16)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/strata-tools
archive=$tools/machine-$recipe.tar
mkdir -p "$tools"
exec 9<"$tools" # two that need it do not make it twice
flock 9

if [[ ! -e $archive ]]; then
  # the same mirror that this machine installs from
  mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null || true; } |
    sed -nE 's/^URIs: *([^ ]*\/debian)\/? *$/\1/p; s/^deb (\[[^]]*\] )?([^ ]*\/debian)\/? .*/\2/p' | head -n 1)
  if [[ -z $mirror ]]; then
    echo 'found no Debian mirror in /etc/apt/sources.list*' >&2
    exit 1
  fi
  tree=$STRATA_STATE/tree
  rm -rf "$tree" # of a build that was cut off
  echo "installing Debian 12 from $mirror"
  mmdebstrap --quiet --variant=minbase --mode=root --format=directory \
    --include="$(sed 's/#.*//' packages.txt | xargs | tr ' ' ,)" \
    --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Retries "5"' --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    bookworm "$tree" "deb $mirror bookworm main" "deb $mirror-security bookworm-security main" 9<&-
  install -m 755 files/machine-init "$tree/usr/local/sbin/machine-init"
  rm -rf "$tree"/etc/ssh/ssh_host_* "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/*
  mkdir -p "$tree/etc/sv/sshd" "$tree/etc/machine"
  install -m 755 files/sshd-run "$tree/etc/sv/sshd/run"
  # not by /etc/service, which is a link: from here it would lead out of the tree
  rm -f "$tree"/etc/runit/runsvdir/default/*
  ln -s /etc/sv/sshd "$tree/etc/runit/runsvdir/default/sshd"
  ln -sf /etc/machine/hosts "$tree/etc/hosts"
  : >"$tree/etc/machine-id"
  : >"$tree/etc/resolv.conf"
  tar --directory "$tree" --sort=name --numeric-owner --create --file "$archive.new" .
  rm -rf "$tree"
  mv "$archive.new" "$archive"
fi
printf '{"archive": "%s", "digest": "%s"}' "$archive" "$recipe" >"$STRATA_OUTPUTS"
