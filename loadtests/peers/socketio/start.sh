#!/bin/sh
# Starts one server process in the foreground: PORT=8080 REDIS_URL=redis://127.0.0.1:6379 ./start.sh
set -eu
cd "$(dirname "$0")"
if [ ! -d node_modules ]; then
  npm ci --ignore-scripts --no-audit --no-fund >&2
fi
exec node server.mjs
