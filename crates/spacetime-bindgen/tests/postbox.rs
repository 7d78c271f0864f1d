//! The module `postbox` writes down the signature of its own reducer for the sending side; a delivery
//! with another signature is refused. No engine is needed to see whether the two agree.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use spacetimedb_schema::def::reducer_signature_hash;

#[test]
fn the_signature_of_the_receiving_reducer_is_up_to_date() {
    let module = support::module_def("postbox");
    let reducer = module.reducer("receive").unwrap();
    let hash = reducer_signature_hash(
        &reducer.params(),
        &reducer.ok_return_type,
        &reducer.err_return_type,
        module.typespace(),
    );
    let source = std::fs::read_to_string(support::repository().join("tests/modules/postbox/src/receiver.rs")).unwrap();
    let line = format!("const SIGNATURE_HASH: &'static str = \"{}\";", hash.to_hex());
    assert!(source.contains(&line), "receiver.rs must say:\n    {line}");
}

#[test]
fn an_outbox_is_an_ordinary_table_to_clients() {
    use spacetime_bindgen::{Language, Visibility, generate};
    let files = generate(&support::module_def("postbox"), Language::Rust, Visibility::PublicOnly).unwrap();
    let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    let expected = [
        "delivery_table.rs",
        "delivery_type.rs",
        "mod.rs",
        "outgoing_table.rs",
        "outgoing_type.rs",
        "receive_reducer.rs",
        "received_table.rs",
        "received_type.rs",
        "send_reducer.rs",
    ];
    assert_eq!(paths, expected);
}
