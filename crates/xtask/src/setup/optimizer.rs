//! `wasm-opt` of the Binaryen project. It makes modules smaller and is never required.

use std::path::PathBuf;

use super::debian;
use crate::{process, progress};

/// The optimiser, installed if that is possible; `None` leaves modules as Rust made them.
pub fn find_or_install_wasm_opt() -> Option<PathBuf> {
    let found = process::find_program("wasm-opt");
    if found.is_some() || !debian::can_install() {
        return found;
    }
    if let Err(error) = debian::install(&["binaryen"]) {
        progress::warn(&format!("wasm-opt could not be installed, modules stay larger: {error:#}"));
    }
    process::find_program("wasm-opt")
}
