#!/bin/sh
# Installs the edge gateway on a Raspberry Pi OS or Debian of 64 bits, upgrades it, or goes back to the release before.
# It may be run again at any time: it says what it does, and never touches a configuration that is there.
#
#   sudo sh deploy/edge/install.sh               install or upgrade from the folder that this script is part of
#   sudo sh deploy/edge/install.sh --rollback    go back to the release before
#   sh deploy/edge/install.sh --root DIR         put the files under DIR only, as for an image: no users, no services
set -eu

say() { printf '%s\n' "gengfu: $*"; }
fail() {
  printf '%s\n' "gengfu: $*" >&2
  exit 1
}

source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
root=
rollback=no
while [ $# -gt 0 ]; do
  case $1 in
    --root)
      [ $# -gt 1 ] || fail "--root needs a folder"
      mkdir -p "$2"
      root=$(CDPATH='' cd -- "$2" && pwd)
      shift
      ;;
    --rollback) rollback=yes ;;
    *) fail "unknown option $1; the head of $0 names those that there are" ;;
  esac
  shift
done

opt=$root/opt/gengfu
etc=$root/etc/gengfu
unit=$root/etc/systemd/system/gengfu-edge.service

# point LINK RELEASE: in one step, so that there is always a current release
point() {
  ln -sfn "releases/$2" "$opt/$1.new"
  mv -fT "$opt/$1.new" "$opt/$1"
}

release_of() {
  if [ -L "$opt/$1" ]; then basename "$(readlink "$opt/$1")"; fi
}

# a configuration that this release doesn't take must not stop a gateway that runs
check_configuration() {
  "$1/node_modules/.bin/node" "$1/edge/src/main.ts" --config "$etc/edge.yaml" --check
}

restart() {
  [ -z "$root" ] || return 0
  systemctl restart gengfu-edge
  say "started; follow it with: journalctl -fu gengfu-edge"
}

[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "run it as root (sudo), or with --root DIR"

if [ "$rollback" = yes ]; then
  before=$(release_of previous)
  [ -n "$before" ] || fail "there is no release before this one"
  now=$(release_of current)
  point current "$before"
  point previous "$now"
  say "went back from $now to $before"
  restart
  exit 0
fi

# --- what it runs on

case $(uname -m) in
  aarch64 | x86_64) ;;
  *) fail "this machine is $(uname -m); the gateway needs a 64-bit system (aarch64 or x86_64)" ;;
esac
# a Raspberry Pi may run 32-bit programs on a 64-bit kernel
[ "$(getconf LONG_BIT)" = 64 ] || fail "the system's programs are of 32 bits; install the 64-bit Raspberry Pi OS"

# --- the release: named after its content, so that the same source is the same release

parts="package.json package-lock.json scripts shared firmware-contracts edge deploy/edge deploy/cloud/sample"
manifests="cloud dashboards deploy test"
cd "$source"
for part in $parts; do [ -e "$part" ] || fail "$source lacks $part: this script must lie in the project's folder"; done
version=$(sed -n 's/^  "version": "\([^"]*\)",$/\1/p' package.json)
# shellcheck disable=SC2086
content=$(find $parts -type f ! -path '*/node_modules/*' -exec cksum {} + | LC_ALL=C sort | cksum | cut -d ' ' -f 1)
release=$version-$content
target=$opt/releases/$release

if [ -e "$target" ]; then
  say "kept release $release"
else
  say "making release $release in $target"
  partial=$target.partial
  rm -rf "$partial"
  mkdir -p "$partial"
  # shellcheck disable=SC2086
  tar -cf - --exclude=node_modules $parts | tar -xf - -C "$partial"
  for name in $manifests; do
    mkdir -p "$partial/$name"
    cp "$name/package.json" "$partial/$name/"
  done
  installed=node_modules/.package-lock.json
  if [ -e "$installed" ] && [ -z "$(find package-lock.json -newer "$installed")" ]; then
    say "copying the dependencies that are installed here"
    cp -a node_modules "$partial/"
  else
    command -v npm >/dev/null || fail "npm is missing: apt-get install npm"
    say "installing dependencies, some minutes on a Raspberry Pi"
    (
      cd "$partial"
      npm ci --workspace @gengfu/edge --include-workspace-root --omit dev --ignore-scripts --no-audit --no-fund --loglevel error
      # the addon that GPIO lines need; without a compiler it says so and the rest works
      npm run --silent postinstall
    )
  fi
  if [ -e "$etc/edge.yaml" ] && grep -q '^node_red:' "$etc/edge.yaml"; then
    say "installing Node-RED, since edge.yaml switches it on"
    (cd "$partial" && npm run --silent install:node-red)
  fi
  [ -x "$partial/node_modules/.bin/node" ] || fail "the dependencies hold no Node for this machine"
  chmod -R u+w,go+rX,go-w "$partial"
  mv "$partial" "$target"
fi

# --- users, folders, configuration

if [ -z "$root" ]; then
  if ! getent passwd gengfu >/dev/null; then
    useradd --system --user-group --home-dir /var/lib/gengfu --no-create-home --shell /usr/sbin/nologin gengfu
    say "made the user gengfu"
  fi
  if ! getent group gpio >/dev/null; then
    groupadd --system gpio
    say "made the group gpio, which the unit names"
  fi
fi

mkdir -p "$etc/secrets"
sample() {
  if [ -e "$etc/$2" ]; then
    say "kept /etc/gengfu/$2"
  else
    cp "$1" "$etc/$2"
    say "made /etc/gengfu/$2 from the sample: edit it"
  fi
}
sample deploy/edge/sample/edge.yaml edge.yaml
sample deploy/cloud/sample/site.yaml site.yaml
[ -n "$root" ] || chown -R root:gengfu "$etc"
chmod -R u=rwX,g=rX,o= "$etc"

mkdir -p "$(dirname "$unit")"
if ! cmp -s deploy/edge/gengfu-edge.service "$unit"; then
  install -m 0644 deploy/edge/gengfu-edge.service "$unit"
  say "installed the unit gengfu-edge.service"
fi

# --- the switch

if check_configuration "$target"; then
  right=yes
else
  right=no
fi
current=$(release_of current)
if [ "$current" = "$release" ]; then
  say "release $release is current already"
elif [ -n "$current" ] && [ "$right" = no ]; then
  fail "release $release doesn't take the configuration; $current goes on. Mend what is named above and run this again"
else
  [ -z "$current" ] || point previous "$current"
  point current "$release"
  say "release $release is current"
fi
before=$(release_of previous)
for other in "$opt/releases"/*; do
  name=$(basename "$other")
  if [ "$name" != "$release" ] && [ "$name" != "$before" ]; then
    rm -rf "$other"
    say "removed the old release $name"
  fi
done

[ -z "$root" ] || exit 0
systemctl daemon-reload
systemctl enable --quiet gengfu-edge
if [ "$right" = yes ]; then
  restart
else
  say "mend /etc/gengfu as named above, put the secrets into /etc/gengfu/secrets, and run this again"
fi
