#!/usr/bin/env bash
# Serves $STRATA_STATE/apps.git over HTTP. What was pushed to it stays.
set -euo pipefail
repository=$STRATA_STATE/apps.git
if [[ ! -d $repository ]]; then
  git init --quiet --bare --initial-branch main "$repository.new"
  tree=$STRATA_STATE/first
  rm -rf "$tree"
  git clone --quiet "$repository.new" "$tree" 2>/dev/null
  cp -r ../../../apps/. "$tree"
  git -C "$tree" add .
  git -C "$tree" -c user.name=bigbang -c user.email=bigbang@localhost commit --quiet -m 'The applications'
  git -C "$tree" push --quiet origin HEAD:main
  rm -rf "$tree"
  mv "$repository.new" "$repository"
fi
./down.sh
mkdir -p "$STRATA_STATE/www/cgi-bin"
cat >"$STRATA_STATE/www/cgi-bin/git" <<SCRIPT
#!/bin/sh
export GIT_PROJECT_ROOT='$STRATA_STATE' GIT_HTTP_EXPORT_ALL=1
exec git http-backend
SCRIPT
chmod 755 "$STRATA_STATE/www/cgi-bin/git"
address=$STRATA_INPUT_ADDRESS:$STRATA_INPUT_PORT
setsid busybox httpd -f -p "$address" -h "$STRATA_STATE/www" </dev/null >/dev/null 2>&1 &
echo $! >"$STRATA_STATE/pid"
url=http://$address/cgi-bin/git/apps.git
for _ in $(seq 50); do
  if git ls-remote --quiet "$url" >/dev/null 2>&1; then
    printf '{"url": "%s", "repository": "%s"}' "$url" "$repository" >"$STRATA_OUTPUTS"
    exit
  fi
  sleep 0.1
done
echo "nobody answers at $url" >&2
exit 1
