//! Who is calling: tokens and the identities that follow from them.

mod authority;
mod caller;

pub use authority::{AuthError, TokenAuthority, VerifiedToken};
pub use caller::{Caller, identify};
