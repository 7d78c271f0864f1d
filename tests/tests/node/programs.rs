//! Programs to publish: variants of built modules, and broken ones.

use reqwest::{Method, RequestBuilder};
use worldloom_tests::{Account, TestNode};

/// A request that publishes a program under a name.
pub fn put(node: &TestNode, name: &str, account: &Account, program: impl Into<reqwest::Body>) -> RequestBuilder {
    node.request(Method::PUT, &format!("/v1/database/{name}")).bearer_auth(&account.token).body(program)
}

/// The same module as another program: a custom section changes the hash and nothing else.
pub fn variant(mut wasm: Vec<u8>, label: &str) -> Vec<u8> {
    let name = u8::try_from(label.len()).unwrap();
    assert!(name < 0x7f, "lengths from 128 on take more than one byte");
    wasm.extend([0, name + 1, name]);
    wasm.extend(label.as_bytes());
    wasm
}

/// A valid WebAssembly module without any content.
pub const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

/// A valid module that imports one function of an ABI that no node has.
pub fn of_another_abi() -> Vec<u8> {
    let (module, function) = ("spacetime_99.0", "time_travel");
    let mut wasm = EMPTY.to_vec();
    // Type section: one function without parameters and results.
    wasm.extend([1, 4, 1, 0x60, 0, 0]);
    let mut imports = vec![1, module.len() as u8];
    imports.extend(module.bytes());
    imports.push(function.len() as u8);
    imports.extend(function.bytes());
    imports.extend([0, 0]);
    wasm.extend([2, imports.len() as u8]);
    wasm.extend(imports);
    wasm
}

/// A module that never ends when it is asked for its description.
pub fn without_end() -> Vec<u8> {
    // Function types: of the import, of `__describe_module__` and of `__call_reducer__`.
    let types = b"\x03\x60\x03\x7f\x7f\x7f\x01\x7f\x60\x01\x7f\0\
        \x60\x0a\x7f\x7e\x7e\x7e\x7e\x7e\x7e\x7e\x7f\x7f\x01\x7f";
    let imports = b"\x01\x0espacetime_10.0\x10bytes_sink_write\0\0";
    let exports = b"\x03\x06memory\x02\0\x13__describe_module__\0\x01\x10__call_reducer__\0\x02";
    // A loop that branches to its own beginning, and a function that returns 0.
    let code = b"\x02\x07\0\x03\x40\x0c\0\x0b\x0b\x04\0\x41\0\x0b";
    let sections: [(u8, &[u8]); 6] =
        [(1, types), (2, imports), (3, b"\x02\x01\x02"), (5, b"\x01\0\x01"), (7, exports), (10, code)];
    let mut wasm = EMPTY.to_vec();
    for (id, content) in sections {
        wasm.extend([id, content.len() as u8]);
        wasm.extend(content);
    }
    wasm
}
