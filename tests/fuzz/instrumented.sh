#!/bin/sh
# Compiles one crate of the workspace so that libFuzzer sees which branches run: Cargo's RUSTC_WORKSPACE_WRAPPER.
# Build scripts, macros and tests stay as they are, since nobody in them would take the reports.
for argument in "$@"; do
    case "$argument" in
        build_script_*|proc-macro|--test|-vV|--print=*) exec "$@" ;;
    esac
done
exec "$@" -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
