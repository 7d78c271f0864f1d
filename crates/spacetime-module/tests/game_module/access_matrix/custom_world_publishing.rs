//! Worlds in libraries, their publication and the gallery.

use spacetime_module::*;
use spacetimedb::Identity;

use super::{said, seen};
use crate::custom_world_publishing::{copying_of, creation, publishing_of, request_for, small_world};
use crate::world::{Actor, World};

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    library(world, name, caller, named)
        .or_else(|| publishing(world, name, caller, named))
        .or_else(|| gallery(world, name, caller, named))
}

fn library(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if !name.contains("_custom_world") && name != "my_works" {
        return None;
    }
    let profile = world.create_world(Actor::Alice, "alices");
    let new = creation("new");
    let request = || request_for(&profile);
    let renaming = CustomWorldRenaming {
        world_id: profile.world_id,
        revision: profile.revision,
        title: "Other".to_owned(),
        tagline: String::new(),
    };
    let copying = copying_of(&profile, "copy");
    let archive = || world.call(Actor::Alice, |ctx| archive_custom_world_and_return(ctx, None, request())).unwrap();
    Some(match name {
        "create_custom_world" => said(world.reduce(caller, |ctx| create_custom_world(ctx, new))),
        "create_custom_world_and_return" => {
            said(world.call(caller, |ctx| create_custom_world_and_return(ctx, named, new)))
        }
        "rename_custom_world" => said(world.reduce(caller, |ctx| rename_custom_world(ctx, renaming))),
        "rename_custom_world_and_return" => {
            said(world.call(caller, |ctx| rename_custom_world_and_return(ctx, named, renaming)))
        }
        "archive_custom_world" => said(world.reduce(caller, |ctx| archive_custom_world(ctx, request()))),
        "archive_custom_world_and_return" => {
            said(world.call(caller, |ctx| archive_custom_world_and_return(ctx, named, request())))
        }
        "restore_custom_world" => {
            let archived = archive();
            said(world.reduce(caller, |ctx| restore_custom_world(ctx, request_for(&archived))))
        }
        "restore_custom_world_and_return" => {
            let archived = archive();
            said(world.call(caller, |ctx| restore_custom_world_and_return(ctx, named, request_for(&archived))))
        }
        "delete_custom_world" => said(world.reduce(caller, |ctx| delete_custom_world(ctx, request()))),
        "delete_custom_world_and_return" => {
            said(world.call(caller, |ctx| delete_custom_world_and_return(ctx, named, request())))
        }
        "duplicate_custom_world" => said(world.reduce(caller, |ctx| duplicate_custom_world(ctx, copying))),
        "duplicate_custom_world_and_return" => {
            said(world.call(caller, |ctx| duplicate_custom_world_and_return(ctx, named, copying)))
        }
        "get_custom_world_and_return" => {
            said(world.call(caller, |ctx| get_custom_world_and_return(ctx, named, profile.world_id)))
        }
        "list_custom_world_works_and_return" => {
            said(world.call(caller, |ctx| list_custom_world_works_and_return(ctx, named)))
        }
        "my_works" => seen(world.see(caller, my_works)),
        _ => return None,
    })
}

const READS: [&str; 3] =
    ["compile_published_profile_and_return", "list_world_versions_and_return", "list_world_entries_and_return"];

fn publishing(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let names = ["publish_world", "unpublish_world", "hold_world", "release_world"];
    let is_mine = names.into_iter().any(|own| name == own || name.strip_suffix("_and_return") == Some(own));
    if !is_mine && !READS.contains(&name) {
        return None;
    }
    let draft = world.drafted(Actor::Alice, "draft", small_world("draft", &[]));
    let published = world.published(Actor::Alice, "published", &[]);
    let query =
        || CustomWorldEntryQuery { version_id: published.current_version_id.unwrap(), kind: WorldEntryKind::Chapter };
    let decision = || CustomWorldModerationRequest { world_id: published.world_id, reason: "because".to_owned() };
    let publication = publishing_of(&draft, "publication");
    Some(match name {
        "publish_world" => said(world.reduce(caller, |ctx| publish_world(ctx, publication))),
        "publish_world_and_return" => said(world.call(caller, |ctx| publish_world_and_return(ctx, named, publication))),
        "unpublish_world" => said(world.reduce(caller, |ctx| unpublish_world(ctx, request_for(&published)))),
        "unpublish_world_and_return" => {
            said(world.call(caller, |ctx| unpublish_world_and_return(ctx, named, request_for(&published))))
        }
        "hold_world" => said(world.reduce(caller, |ctx| hold_world(ctx, decision()))),
        "hold_world_and_return" => said(world.call(caller, |ctx| hold_world_and_return(ctx, named, decision()))),
        "release_world" => said(world.reduce(caller, |ctx| release_world(ctx, decision()))),
        "release_world_and_return" => said(world.call(caller, |ctx| release_world_and_return(ctx, named, decision()))),
        "compile_published_profile_and_return" => {
            said(world.call(caller, |ctx| compile_published_profile_and_return(ctx, named, draft.world_id)))
        }
        "list_world_versions_and_return" => {
            said(world.call(caller, |ctx| list_world_versions_and_return(ctx, named, draft.world_id)))
        }
        _ => said(world.call(caller, |ctx| list_world_entries_and_return(ctx, query()))),
    })
}

fn gallery(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let names = [
        "like_world",
        "like_world_and_return",
        "unlike_world",
        "unlike_world_and_return",
        "my_likes",
        "gallery_worlds",
        "get_gallery_world_and_return",
        "list_newest_worlds_and_return",
        "list_most_played_worlds_and_return",
        "list_worlds_by_tag_and_return",
    ];
    if !names.contains(&name) {
        return None;
    }
    let world_id = world.published(Actor::Alice, "published", &["tag"]).world_id;
    world.reduce(Actor::Alice, |ctx| like_world(ctx, world_id)).unwrap();
    let page = || CustomWorldPageRequest { cursor: None, length: 10 };
    let tag_page = || CustomWorldTagPageRequest { tag: "tag".to_owned(), cursor: None, length: 10 };
    Some(match name {
        "like_world" => said(world.reduce(caller, |ctx| like_world(ctx, world_id))),
        "like_world_and_return" => said(world.call(caller, |ctx| like_world_and_return(ctx, named, world_id))),
        "unlike_world" => said(world.reduce(caller, |ctx| unlike_world(ctx, world_id))),
        "unlike_world_and_return" => said(world.call(caller, |ctx| unlike_world_and_return(ctx, named, world_id))),
        "my_likes" => seen(world.see(caller, my_likes)),
        "gallery_worlds" => seen(world.see_publicly(gallery_worlds)),
        "get_gallery_world_and_return" => said(world.call(caller, |ctx| get_gallery_world_and_return(ctx, world_id))),
        "list_newest_worlds_and_return" => said(world.call(caller, |ctx| list_newest_worlds_and_return(ctx, page()))),
        "list_most_played_worlds_and_return" => {
            said(world.call(caller, |ctx| list_most_played_worlds_and_return(ctx, page())))
        }
        _ => said(world.call(caller, |ctx| list_worlds_by_tag_and_return(ctx, tag_page()))),
    })
}
