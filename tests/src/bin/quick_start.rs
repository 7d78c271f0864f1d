//! The program in the Rust client's README, for the address in the first argument. The test
//! `readme_rust` compares the two and runs it.

use worldloom_client::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let game = DbConnection::builder().with_uri(node()).with_database_name("worldloom").build()?;
    game.advance_one_message_blocking()?; // The node's greeting, which says who we are.
    game.db.my_assets().on_insert(|_, asset| println!("{} is {:?}", asset.object_key, asset.status));
    game.subscription_builder().add_query(|tables| tables.from.my_assets()).subscribe();
    game.reducers.register_asset_object(AssetObjectRegistration {
        idempotency_key: "portrait-1".to_owned(),
        bucket: "portraits".to_owned(),
        object_key: format!("players/{}/portrait.png", game.identity()),
        content_type: "image/png".to_owned(),
        byte_size: 1024,
        sha_256: "0f".repeat(32),
        access_policy: AssetAccessPolicy::Public,
    })?;
    while game.advance_one_message_blocking().is_ok() {}
    Ok(())
}

fn node() -> String {
    std::env::args().nth(1).unwrap_or_default()
}
