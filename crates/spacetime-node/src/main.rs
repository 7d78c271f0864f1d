//! The `spacetime-node` binary.

use std::process::ExitCode;

// The engine allocates many short-lived row buffers on several threads, where the system
// allocator fragments; the engine's own heap statistics expect jemalloc too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    spacetime_node::cli::run()
}
