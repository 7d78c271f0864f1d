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
