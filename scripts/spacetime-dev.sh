#!/usr/bin/env bash
# Starts the SpacetimeDB node alone, standalone, on 127.0.0.1:3000 with its data in
# server-rs/.spacetimedb/local. Takes --port, --data-dir and --release.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec cargo xtask node "$@"
