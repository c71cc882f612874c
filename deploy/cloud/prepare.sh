#!/bin/sh
# Makes what compose.yaml needs and is not there yet: config/ from the samples, and every secret that the configuration
# names. What exists is never touched, so it may be run again at any time, as after a device was added to site.yaml.
#
#   sh prepare.sh [FOLDER]     the folder that has (or gets) config/ and secrets/; by default the one of this script
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=${1:-$here}
# the user `node` of the image
owner=1000

say() { printf '%s\n' "$*"; }

command -v openssl >/dev/null || {
  say "openssl is missing; install it first" >&2
  exit 1
}

umask 077
mkdir -p "$folder/config/secrets" "$folder/secrets"

for name in cloud.yaml site.yaml; do
  if [ -e "$folder/config/$name" ]; then
    say "kept    config/$name"
  else
    cp "$here/sample/$name" "$folder/config/$name"
    say "made    config/$name from the sample: edit it"
  fi
done

# make_secret FILE: random letters and digits only, since Grafana expands a $ and InfluxQL quotes
make_secret() {
  if [ -e "$folder/$1" ]; then
    say "kept    $1"
  else
    printf '%s' "$(openssl rand -hex 24)" >"$folder/$1"
    say "made    $1"
  fi
}

sed -n 's/^[^#]*file:secrets\/\([A-Za-z0-9_-]\{1,\}\).*/\1/p' "$folder"/config/*.yaml | sort -u |
  while read -r name; do make_secret "config/secrets/$name"; done
for name in console_manager_token console_viewer_token grafana_admin_password influx_admin_password \
  influx_reader_password influx_writer_password; do
  make_secret "secrets/$name"
done

# config/ is read by the cloud's container alone; the files in secrets/ by containers with other users, which is why
# they are open while their folder is closed to everyone else on this machine
chmod 0700 "$folder/config" "$folder/config/secrets" "$folder/secrets"
find "$folder/secrets" -type f -exec chmod 0444 {} +
if [ "$(id -u)" = 0 ]; then
  chown -R "$owner:$owner" "$folder/config"
elif [ "$(id -u)" != "$owner" ]; then
  say "note    config/ must belong to user $owner, whom the container runs as: sudo chown -R $owner:$owner $folder/config"
fi

for name in uplink_certificate uplink_key; do
  [ -e "$folder/secrets/$name" ] || say "missing secrets/$name: make it as README.md says under Certificates"
done
