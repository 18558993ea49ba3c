#!/usr/bin/env bash
# Builds out/image.tar: a tree with one program and what it loads, as an OCI archive whose digest depends on nothing else.
set -euo pipefail
name=$STRATA_INPUT_NAME go=${STRATA_INPUT_GO-} user=${STRATA_INPUT_USER:-65534}
program=${STRATA_INPUT_PROGRAM:-/usr/bin/$name}
input() { jq -r "$1" "$STRATA_INPUTS"; }
rm -rf out # of a build that was cut off
mkdir -p out/tree/{etc/ssl/certs,tmp,usr/bin}
out=$PWD/out
chmod 1777 out/tree/tmp
printf 'root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/tmp:/sbin/nologin\n' >out/tree/etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' >out/tree/etc/group
# whom it trusts when it calls the world
cp /etc/ssl/certs/ca-certificates.crt out/tree/etc/ssl/certs/

if [[ -n $go ]]; then
  cd "go/$go"
  # the one `tool` of go.mod
  package=$(sed -n 's/^tool //p' go.mod)
  module=$(go list -f '{{.Module.Path}}' "$package")
  version=$(go list -m -f '{{.Version}}' "$module")
  echo "building $module $version; with nothing in Go's cache this takes minutes"
  tags=$(cat tags 2>/dev/null || true) # what of it is not wanted
  CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags "$tags" -ldflags "-s -w -X main.VERSION=$version" -o "$out/tree$program" "$package"
  # a program that does what its name says
  for other in $(cat names 2>/dev/null || true); do ln -s "$(basename "$program")" "$out/tree$(dirname "$program")/$other"; done
  # its chart: the makers' own, or ours with the makers' definitions
  source=$(go list -m -f '{{.Dir}}' "$module")
  mkdir "$out/chart"
  if [[ -d chart ]]; then
    cp -r chart "$out/chart/$name"
    for crds in config/crd/bases manifests/crds; do
      compgen -G "$source/$crds/*.yaml" >/dev/null || continue
      mkdir "$out/chart/$name/crds"
      cp --no-preserve=mode "$source/$crds"/*.yaml "$out/chart/$name/crds/"
      rm -f "$out/chart/$name/crds/kustomization.yaml"
    done
  elif [[ -d $source/charts/$name ]]; then
    cp -r --no-preserve=mode "$source/charts/$name" "$out/chart/$name"
  fi
  # or what `charts` says: `chart FOLDER` and `definitions FOLDER` of the module, without what its makers would not pack
  while read -r output folder; do
    folder=$source/$folder ignored=/dev/null
    [[ ! -f $folder/.helmignore ]] || ignored=$folder/.helmignore
    target=$out/$output/$(sed -n 's/^name: *//p' "$folder/Chart.yaml")
    mkdir -p "$target"
    tar --directory "$folder" --exclude-from "$ignored" --mode u=rwX --create . | tar --directory "$target" --extract
  done < <(cat charts 2>/dev/null || true)
  # what else its image has
  [[ ! -x more.sh ]] || ./more.sh "$source" "$out/tree"
  cd "$OLDPWD"
fi

# Debian's packages, and the libraries that they load
libraries() {
  apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$@" |
    sed -nE 's/^ +(Pre)?Depends: (lib[^ ]+|zlib1g)$/\2/p' | grep -vE '^libjs-|-perl$' | sort -u
}
mapfile -t packages < <(input '(.packages // [])[]'; cat "go/${go:-none}/packages" 2>/dev/null)
if ((${#packages[@]})); then
  declare -A all=()
  more=("${packages[@]}" libc6)
  while ((${#more[@]})); do
    for package in "${more[@]}"; do all[$package]=1; done
    mapfile -t found < <(libraries "${more[@]}")
    more=()
    for package in "${found[@]}"; do [[ -n ${all[$package]-} ]] || more+=("$package"); done
  done
  mkdir out/packages
  (cd out/packages && apt-get download -qq "${!all[@]}" 2>/dev/null)
  for package in out/packages/*.deb; do dpkg-deb --extract "$package" out/tree; done
  [[ -n $go ]] || version=$(dpkg-deb --field "$(echo "out/packages/${packages[0]}_"*.deb)" Version)
  rm -rf out/packages out/tree/usr/share/{doc,man,lintian,locale,bash-completion} out/tree/usr/lib/x86_64-linux-gnu/gconv
fi

mapfile -t entrypoint < <(input '(.entrypoint // [])[]')
((${#entrypoint[@]})) || entrypoint=("$program")
[[ -x out/tree${entrypoint[0]} ]] || { echo "${entrypoint[0]} is not among what the packages hold" >&2; exit 1; }

# nothing of the machine's own storage of images is touched
buildah() { command buildah --storage-driver vfs --root "$out/storage" --runroot "$out/run" "$@"; }
container=$(buildah from scratch)
buildah copy -q "$container" out/tree / >/dev/null
buildah config --user "$user" --entrypoint "$(jq -cn '$ARGS.positional' --args -- "${entrypoint[@]}")" \
  --cmd '' --env PATH=/usr/bin --label "org.opencontainers.image.version=$version" "$container"
# the same tree gives the same digest
buildah commit -q --timestamp 0 --format oci "$container" "localhost/$name" >/dev/null
buildah push -q --digestfile out/digest "localhost/$name" "oci:$out/layout:localhost/$name:${version//[^A-Za-z0-9_.-]/-}"
pack() { tar --directory "$1" --sort=name --owner 0 --group 0 --numeric-owner --mtime @0 --mode go=rX --create --file "$2" $(ls "$1"); }
pack out/layout out/image.tar
for kind in chart definitions; do
  if compgen -G "out/$kind/*" >/dev/null; then
    pack "out/$kind" "out/$kind.tar"
    gzip --no-name "out/$kind.tar"
    mv "out/$kind.tar.gz" "out/$kind.tgz"
  else
    : >"out/$kind.tgz" # its chart is a component of its own
  fi
done
jq -n --arg reference "localhost/$name@$(cat out/digest)" --arg version "$version" '$ARGS.named' >"$STRATA_OUTPUTS"
echo "localhost/$name $version: $(cat out/digest)"
rm -rf out/{tree,storage,run,layout,chart,definitions}
