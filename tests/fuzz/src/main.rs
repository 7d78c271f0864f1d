//! The fuzzer's program: libFuzzer around one target.
//!
//! `fuzz TARGET [options and folders of libFuzzer]`, `fuzz --list`, or `fuzz --seeds TARGET FOLDER`. Whatever panics
//! ends the process, in any thread, and leaves the input that did it; so does a stack that overflows, memory without
//! end, and a run that takes too long.

use std::ffi::{CString, c_char, c_int, c_uint};
use std::process::ExitCode;
use std::sync::OnceLock;

use libfuzzer_sys as _;
use spacetime_node::trial::TRY_OUT;
use worldloom_fuzz::{Target, target, targets};

unsafe extern "C" {
    /// libFuzzer's entry point for programs with a `main` of their own.
    fn LLVMFuzzerRunDriver(
        count: *mut c_int,
        arguments: *mut *mut *mut c_char,
        run: extern "C" fn(*const u8, usize) -> c_int,
    ) -> c_int;

    /// libFuzzer's own mutation, which learns from comparisons that it has seen.
    fn LLVMFuzzerMutate(data: *mut u8, length: usize, length_max: usize) -> usize;
}

/// The target of this process.
static TARGET: OnceLock<&'static Target> = OnceLock::new();

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let chosen = match arguments.get(1).map(String::as_str) {
        Some("--list") => {
            targets().iter().for_each(|target| println!("{}", target.name));
            return ExitCode::SUCCESS;
        }
        Some("--seeds") => return write_seeds(&arguments[2..]),
        // The node in this process tries programs out in another one: this program again.
        Some(TRY_OUT) => return spacetime_node::trial::run(),
        Some(name) => target(name),
        None => None,
    };
    let Some(chosen) = chosen else {
        eprintln!("usage: fuzz TARGET [options of libFuzzer] | fuzz --list | fuzz --seeds TARGET FOLDER");
        return ExitCode::FAILURE;
    };
    let chosen = TARGET.get_or_init(|| chosen);
    chosen.prepare();
    drive([&arguments[..1], &arguments[2..]].concat())
}

/// Writes the inputs that a target begins with.
fn write_seeds(arguments: &[String]) -> ExitCode {
    let [name, folder] = arguments else { return ExitCode::FAILURE };
    let seeds = target(name).map(Target::seeds).unwrap_or_default();
    for (index, seed) in seeds.iter().enumerate() {
        if let Err(cause) = std::fs::write(format!("{folder}/seed-{index:03}"), seed) {
            eprintln!("{folder} cannot be written: {cause}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn drive(arguments: Vec<String>) -> ExitCode {
    let arguments: Vec<CString> = arguments.into_iter().filter_map(|argument| CString::new(argument).ok()).collect();
    let mut pointers: Vec<*mut c_char> = arguments.iter().map(|argument| argument.as_ptr().cast_mut()).collect();
    let mut count = c_int::try_from(pointers.len()).unwrap_or(1);
    pointers.push(std::ptr::null_mut());
    let mut pointer = pointers.as_mut_ptr();
    // SAFETY: the count and the pointers describe a list of C strings as `main` gets it, alive until the call returns.
    let code = unsafe { LLVMFuzzerRunDriver(&raw mut count, &raw mut pointer, run) };
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

extern "C" fn run(data: *const u8, length: usize) -> c_int {
    // SAFETY: libFuzzer gives a block of this length, which it leaves alone until this returns. An empty one may be null.
    let input = if length == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, length) } };
    if let Some(target) = TARGET.get() {
        target.run(input);
    }
    0
}

/// libFuzzer looks for a function of this name and asks it for each new input.
#[unsafe(no_mangle)]
extern "C" fn LLVMFuzzerCustomMutator(data: *mut u8, length: usize, length_max: usize, seed: c_uint) -> usize {
    let by_bytes = || {
        // SAFETY: the block is libFuzzer's own, and both lengths are those that it gave for it.
        unsafe { LLVMFuzzerMutate(data, length, length_max) }
    };
    // Two of three follow the structure, the rest is libFuzzer's, which keeps the decoders themselves in sight.
    if seed.is_multiple_of(3) {
        return by_bytes();
    }
    // SAFETY: the block holds `length` bytes and nobody else uses it during this call.
    let input = if length == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, length) } };
    match TARGET.get().map(|target| target.mutate(input, u64::from(seed))) {
        Some(mutated) if mutated.len() <= length_max => {
            // SAFETY: the block has room for `length_max` bytes, and the source is another allocation.
            unsafe { std::ptr::copy_nonoverlapping(mutated.as_ptr(), data, mutated.len()) };
            mutated.len()
        }
        _ => by_bytes(),
    }
}
