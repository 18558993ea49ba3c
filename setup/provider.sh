#!/usr/bin/env bash
# Builds Terraform's Kubernetes provider from its Go module, once per machine, and prints a folder that Terraform and
# OpenTofu take as a `filesystem_mirror`: it has strata.test/hashicorp/kubernetes.
set -euo pipefail
module=$(cd "$(dirname "$0")/kubernetes/provider" && pwd)
package=github.com/hashicorp/terraform-provider-kubernetes
key=$({ go version; cat "$0" "$module/go.mod" "$module/go.sum"; } | sha256sum | cut -c1-16)
kept=${XDG_CACHE_HOME:-$HOME/.cache}/strata-tools/providers-$key
if [ ! -d "$kept" ]; then
  cd "$module"
  version=$(go list -m -f '{{.Version}}' $package)
  echo "building $package $version; with nothing in Go's cache this takes minutes" >&2
  rm -rf "$kept.new"
  folder=$kept.new/strata.test/hashicorp/kubernetes/${version#v}/$(go env GOOS)_$(go env GOARCH)
  mkdir -p "$folder"
  CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$folder/terraform-provider-kubernetes_$version" $package
  mv "$kept.new" "$kept"
fi
echo "$kept"
