#!/bin/sh
# Installs what package-lock.json names, where that has not been done yet or the lock has changed since.
set -eu
cd "$(dirname "$0")/.."
installed=node_modules/.package-lock.json
if [ -e "$installed" ] && [ ! package-lock.json -nt "$installed" ]; then exit 0; fi
echo "gengfu: installing dependencies (once, about a minute) ..." >&2
npm ci --no-audit --no-fund >&2
touch "$installed"
