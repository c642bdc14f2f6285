#!/bin/sh
# Writes .env for docker-compose, beside docker-compose.yml: env.example with random secrets. Never touches an .env that is there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-$here/../../.env}
if [ -e "$target" ]; then
  echo "$target is there already; its secrets belong to the data in the volumes, so it stays." >&2
  exit 1
fi
umask 077
while IFS= read -r line; do
  case $line in
    KAFKA_CLUSTER_ID=) echo "$line$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | cut -c 1-22)" ;;
    [A-Z]*=) echo "$line$(od -An -N 24 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) echo "$line" ;;
  esac
done < "$here/env.example" > "$target.part"
mv "$target.part" "$target"
echo "$target is written."
