//! Stands in for the V8 library, which the engine links and this node never runs.
//!
//! The engine depends on the `v8` crate for JavaScript modules, whose build script downloads a
//! static library of 100 MB. This node hosts WebAssembly modules only, so the build is pointed
//! at an empty archive (`RUSTY_V8_ARCHIVE` in `.cargo/config.toml`) and this crate defines the
//! symbols that the linker then misses.
//!
//! Four of them lie on V8's initialisation path. The engine walks that path when a database's
//! WebAssembly program fails to start, because it then tries the program as JavaScript. They
//! must not abort, or one broken database would end the process: the first three do nothing,
//! and the last returns no platform, at which the `v8` crate panics inside the task that
//! launches the database. That panic ends as an ordinary launch error.

mod aborting;

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

/// Would take ICU's data; there is no ICU to take it.
#[unsafe(no_mangle)]
extern "C" fn udata_setCommonData_77(_data: *const u8, _error_code: *mut c_int) {}

/// Would set ICU's locale.
#[unsafe(no_mangle)]
extern "C" fn icu_set_default_locale(_locale: *const c_char) {}

/// Would set V8's flags.
#[unsafe(no_mangle)]
extern "C" fn v8__V8__SetFlagsFromString(_flags: *const u8, _length: usize) {}

/// Would start V8's threads.
#[unsafe(no_mangle)]
extern "C" fn v8__Platform__NewSingleThreadedDefaultPlatform(_idle_tasks: bool) -> *mut c_void {
    ptr::null_mut()
}
