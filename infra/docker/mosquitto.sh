#!/bin/sh
# Starts Mosquitto with a user for the bridge, whose password ingest finds beside its BRIDGE_FILE.
set -eu
passwords=/mosquitto/data/passwords
[ -e "$passwords" ] || touch "$passwords"
chmod 0600 "$passwords"
mosquitto_passwd -b "$passwords" nhip "$MOSQUITTO_PASSWORD"
chown mosquitto: "$passwords"
printf %s "$MOSQUITTO_PASSWORD" > /bridge/password
exec mosquitto -c /mosquitto/config/mosquitto.conf
