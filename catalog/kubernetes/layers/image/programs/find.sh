#!/usr/bin/env bash
# Finds the newest of each; with `check`: are those that were found still there?
set -euo pipefail
if [[ ${1-} == check ]]; then
  python3 - <<'P'
import json, os, sys
found = json.load(open(os.environ["STRATA_RECORDED"]))
gone = [path for path in [found["kubernetes"], found["coredns"], *found["images"]] if not os.path.exists(path)]
print("".join("%s is gone\n" % path for path in gone), end="")
sys.exit(1 if gone else 0)
P
  exit
fi
tools=${XDG_CACHE_HOME:-$HOME/.cache}/strata-tools
newest() {
  # shellcheck disable=SC2010,SC2012
  ls -t "$tools/$1"-* 2>/dev/null | grep -v '\.new$' | head -n 1 | grep . ||
    { echo "$tools has no $1: \`cargo xtask cluster build\` makes it" >&2; exit 1; }
}
kubernetes=$(newest kubernetes) coredns=$(newest coredns) pause=$(newest pause) busybox=$(newest busybox)
printf '{"kubernetes": "%s", "coredns": "%s", "images": ["%s", "%s"]}' "$kubernetes" "$coredns" "$pause" "$busybox" >"$STRATA_OUTPUTS"
