#!/bin/sh
# Starts one nats-server of a cluster in the foreground:
#   NAME=a PORT=8080 CLIENT_PORT=4222 CLUSTER_PORT=6222 ROUTE=nats-route://127.0.0.1:6223 DATA=/tmp/a ./start.sh
# The program comes from Debian: apt-get install nats-server
set -eu
if ! command -v nats-server >/dev/null; then
  echo "nats-server is not installed: apt-get install nats-server" >&2
  exit 1
fi
cat >"$DATA/nats.conf" <<CONF
server_name: $NAME
server_tags: ["$NAME"]
listen: "127.0.0.1:$CLIENT_PORT"
jetstream { store_dir: "$DATA/jetstream" }
cluster { name: callbox-peer, listen: "127.0.0.1:$CLUSTER_PORT", routes: ["$ROUTE"] }
websocket { listen: "127.0.0.1:$PORT", no_tls: true, compression: false }
CONF
exec nats-server -c "$DATA/nats.conf"
