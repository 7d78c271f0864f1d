//! The tools that a command needs: found, else installed where that is possible, else named in
//! one error that says what to run. Quick when nothing is missing.

mod api_tester;
mod browser;
mod clock_faker;
mod debian;
mod host;
mod http_load;
mod javascript;
mod lint;
mod object_server;
mod optimizer;
mod peers;
mod python;
mod wasm;

pub use api_tester::ensure_api_tester;
pub use browser::ensure_browser_libraries;
pub use clock_faker::find_or_install_clock_faker;
pub use debian::is_root;
pub use host::ensure_host_tools;
pub use http_load::ensure_http_load_generator;
pub use javascript::{NPM, ensure_node_js};
pub use lint::ensure_lint_tools;
pub use object_server::ensure_object_server;
pub use optimizer::find_or_install_wasm_opt;
pub use peers::{PEERS_PACKAGE, ensure_fastapi, ensure_peers_node_js, ensure_postgres};
pub use wasm::{WASM_TARGET, ensure_wasm_toolchain};
