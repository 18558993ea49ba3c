#!/usr/bin/env bash
# Builds a service's image with the catalog's component, once per machine, and prints the folder that then has image.tar,
# chart.tgz, definitions.tgz and outputs.json.
# Usage: service.sh NAME       a folder of catalog/cluster-services/layers/image/service-image/go
set -euo pipefail
name=${1:?NAME}
component=$(cd "$(dirname "$0")/../catalog/cluster-services/layers/image/service-image" && pwd)
key=$({ go version; cat "$component/build.sh"; cd "$component/go/$name"; find . -type f | sort | xargs sha256sum; } | sha256sum | cut -c1-16)
kept=${XDG_CACHE_HOME:-$HOME/.cache}/strata-tools/service-$name-$key
if [ ! -d "$kept" ]; then
  mkdir -p "$(dirname "$kept")"
  work=$(mktemp -d)
  trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
  cp -r "$component/." "$work"
  cd "$work"
  echo '{}' >inputs.json
  STRATA_INPUT_NAME=$name STRATA_INPUT_GO=$name STRATA_INPUTS=$work/inputs.json STRATA_OUTPUTS=$work/out.json ./build.sh >&2
  rm -rf "$kept.new"
  mkdir "$kept.new"
  mv out/image.tar out/chart.tgz out/definitions.tgz "$kept.new"
  mv out.json "$kept.new/outputs.json"
  mv "$kept.new" "$kept"
fi
echo "$kept"
