//! Which entries of a gallery are on its front page: the newest, in a view that everybody watches.
//!
//! One piece of code for every gallery, not one for each type of rows: a module is to stay small.

use module_rules::{Arrival, PAGE_LENGTH_MAX, PlaceRange};

use crate::*;

/// How many older entries are looked at first when a place is to be filled. Mostly it is the very next one.
const NEXT_FEW: u32 = 5;

/// What is on the front page of a gallery, told apart from the entries: a hundred of them with
/// their texts are not to be read for one that comes or goes.
#[table(accessor = gallery_front_page)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GalleryFrontPage {
    /// The gallery.
    #[primary_key]
    pub gallery: GalleryKind,
    /// Its entries on the front page, in no order.
    pub places: Vec<FrontPagePlace>,
}

/// A gallery that has a front page.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum GalleryKind {
    /// Of custom worlds.
    Worlds,
    /// Of games of big fish.
    Games,
    /// Of picture puzzles.
    Puzzles,
}

/// An entry on a front page.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrontPagePlace {
    /// The entry's number in its gallery.
    pub number: u64,
    /// What it shows.
    pub id: Uuid,
}

/// A gallery whose entries are numbered from 1 as they come. An entry that is taken back keeps its
/// number and is not shown.
pub(crate) trait Gallery {
    /// Which gallery this is.
    fn kind(&self) -> GalleryKind;
    /// Number and id of each entry that is marked as being on the front page.
    fn marked(&self, ctx: &ReducerContext) -> Vec<(u64, Uuid)>;
    /// How many numbers have been given.
    fn last_number(&self, ctx: &ReducerContext) -> u64;
    /// The newest entry numbered within a range that is shown and not on the front page.
    fn newest_below(&self, ctx: &ReducerContext, range: PlaceRange) -> Option<(u64, Uuid)>;
    /// Marks an entry as being on the front page, or not.
    fn mark(&self, ctx: &ReducerContext, id: Uuid, is_on_front_page: bool);
}

/// Puts an entry on the front page if it belongs there, where it is not yet, and says whether it
/// does. Marking it is left to the caller, who stores it.
pub(crate) fn enter_front_page(ctx: &ReducerContext, gallery: &dyn Gallery, number: u64, id: Uuid) -> bool {
    let mut places = places(ctx, gallery);
    match module_rules::arrival(&places, number) {
        Arrival::Joins => {}
        Arrival::Displaces(oldest) => {
            places.retain(|(_, id)| *id != oldest);
            gallery.mark(ctx, oldest, false);
        }
        Arrival::StaysBelow => return false,
    }
    places.push((number, id));
    store(ctx, gallery, places);
    true
}

/// Fills the place of an entry that is no longer marked with the next older one, if that is among
/// the next few hundred.
pub(crate) fn leave_front_page(ctx: &ReducerContext, gallery: &dyn Gallery, id: Uuid) {
    let mut places = places(ctx, gallery);
    places.retain(|(_, present)| *present != id);
    places.sort_unstable();
    let oldest = places.first().map(|(number, _)| *number);
    let below = |length| module_rules::ranges_down(oldest, gallery.last_number(ctx), length);
    let mut ranges = below(NEXT_FEW).take(1).chain(below(PAGE_LENGTH_MAX as u32));
    if let Some((number, id)) = ranges.find_map(|range| gallery.newest_below(ctx, range)) {
        gallery.mark(ctx, id, true);
        places.push((number, id));
    }
    store(ctx, gallery, places);
}

/// A database that is older than the table has the marks alone.
fn places(ctx: &ReducerContext, gallery: &dyn Gallery) -> Vec<(u64, Uuid)> {
    match ctx.db.gallery_front_page().gallery().find(gallery.kind()) {
        Some(page) => page.places.into_iter().map(|place| (place.number, place.id)).collect(),
        None => gallery.marked(ctx),
    }
}

fn store(ctx: &ReducerContext, gallery: &dyn Gallery, places: Vec<(u64, Uuid)>) {
    let places = places.into_iter().map(|(number, id)| FrontPagePlace { number, id }).collect();
    let page = GalleryFrontPage { gallery: gallery.kind(), places };
    ctx.db.gallery_front_page().gallery().insert_or_update(page);
}
