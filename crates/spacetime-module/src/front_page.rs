//! Which entries of a gallery are on its front page: the newest, in a view that everybody watches.
//!
//! One piece of code for every gallery, not one for each type of rows: a module is to stay small.

use module_rules::{Arrival, PAGE_LENGTH_MAX, PlaceRange};

use crate::*;

/// A gallery whose entries are numbered from 1 as they come. An entry that is taken back keeps its
/// number and is not shown.
pub(crate) trait Gallery {
    /// Number and id of each entry on the front page.
    fn front_page(&self, ctx: &ReducerContext) -> Vec<(u64, Uuid)>;
    /// How many numbers have been given.
    fn last_number(&self, ctx: &ReducerContext) -> u64;
    /// The newest entry numbered within a range that is shown and not on the front page.
    fn newest_below(&self, ctx: &ReducerContext, range: PlaceRange) -> Option<Uuid>;
    /// Puts an entry on the front page, or takes it off.
    fn set_on_front_page(&self, ctx: &ReducerContext, id: Uuid, is_on_front_page: bool);
}

/// Whether the entry of this number belongs on the front page, where it is not yet; makes room for
/// it if so.
pub(crate) fn enter_front_page(ctx: &ReducerContext, gallery: &dyn Gallery, number: u64) -> bool {
    match module_rules::arrival(&gallery.front_page(ctx), number) {
        Arrival::Joins => true,
        Arrival::Displaces(oldest) => {
            gallery.set_on_front_page(ctx, oldest, false);
            true
        }
        Arrival::StaysBelow => false,
    }
}

/// Fills the place that an entry has left on the front page with the next older one, if that is
/// among the next few hundred.
pub(crate) fn fill_front_page(ctx: &ReducerContext, gallery: &dyn Gallery) {
    let cursor = gallery.front_page(ctx).into_iter().map(|(number, _)| number).min();
    let mut ranges = module_rules::ranges_down(cursor, gallery.last_number(ctx), PAGE_LENGTH_MAX as u32);
    if let Some(id) = ranges.find_map(|range| gallery.newest_below(ctx, range)) {
        gallery.set_on_front_page(ctx, id, true);
    }
}
