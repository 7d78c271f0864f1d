#!/usr/bin/env pwsh
# Starts the SpacetimeDB node alone, standalone, on 127.0.0.1:3000 with its data in
# server-rs/.spacetimedb/local. Takes --port, --data-dir and --release.
$ErrorActionPreference = 'Stop'
Push-Location (Join-Path $PSScriptRoot '..')
try {
    cargo xtask node @args
    exit $LASTEXITCODE
} finally {
    Pop-Location
}
