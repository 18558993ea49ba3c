#!/usr/bin/env bash
# Packs out/tree: an archive for containers and disks for virtual machines, and the digests of all.
set -euo pipefail
tree=out/tree

# traces of the build, and what no two builds make alike
find "$tree/usr" -name __pycache__ -prune -exec rm -rf {} +
rm -rf "$tree"/usr/sbin/policy-rc.d "$tree"/root/.ansible "$tree"/var/log/{apt,dpkg.log,alternatives.log,bootstrap.log} \
  "$tree"/var/lib/apt/lists/* "$tree"/var/cache/{apt,ldconfig,debconf}/* "$tree"/tmp/* "$tree"/var/tmp/*
find "$tree" -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

tar --directory "$tree" --sort=name --numeric-owner --xattrs --xattrs-include='*' \
  --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --create . | zstd --quiet -T0 -6 -o out/rootfs.tar.zst

# one ext4 volume with a quarter to spare, whole mebibytes; holes stay holes
size=$(($(du --summarize --block-size=1M "$tree" | cut -f1) * 5 / 4 + 64))
truncate --size "${size}M" out/onebox.raw
mke2fs -q -F -t ext4 -d "$tree" -L onebox -U 0b0e0b0e-0b0e-4b0e-8b0e-0b0e0b0e0b0e -E hash_seed=0b0e0b0e-0b0e-4b0e-8b0e-0b0e0b0e0b0e out/onebox.raw
qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd out/onebox.raw out/onebox.qcow2
qemu-img convert -f raw -O vmdk -o subformat=streamOptimized out/onebox.raw out/onebox.vmdk
qemu-img convert -f raw -O vpc -o subformat=dynamic,force_size=on out/onebox.raw out/onebox.vhd

cd out
sha256sum rootfs.tar.zst onebox.{raw,qcow2,vmdk,vhd} | tee /dev/stderr |
  jq -Rn '{digests: [inputs | split("  ") | {(.[1] | if . == "rootfs.tar.zst" then "rootfs" else split(".")[-1] end): .[0]}] | add}' >digests.json
rm -rf tree before.sh
