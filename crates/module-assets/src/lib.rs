//! Asset rules: what may be registered, confirmed, bound, read and deleted, and by whom.
//!
//! Pure: no engine, no clock, no storage. Times are microseconds since the Unix epoch and
//! come from the caller. Every limit is a constant here and appears in the error it causes.

mod authority;
mod binding;
mod content;
mod lifetime;
mod registration;
mod status;

pub use authority::{Intent, Policy, Standing, authorize, standing};
pub use binding::{
    BINDINGS_PER_ASSET_MAX, ENTITY_ID_LENGTH_MAX, EntitySlot, NAME_LENGTH_MAX, check_binding_count, check_occupant,
    check_unbound,
};
pub use content::{BYTE_SIZE_MAX, CONTENT_TYPE_LENGTH_MAX, Content};
pub use lifetime::{
    LISTING_LENGTH_MAX, PENDING_UPLOAD_LIFETIME_MICROS, UNSETTLED_OBJECTS_MAX, check_key_range, check_listing_length,
    check_unsettled_count, expiry_of, is_expired, owner_slices,
};
pub use registration::{BUCKET_LENGTH_MAX, KeySpace, OBJECT_KEY_LENGTH_MAX, Registration};
pub use status::{Status, Step, check_bindable, check_forgettable, illegal, transition};
