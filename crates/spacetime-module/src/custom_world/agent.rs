//! A conversation with a creation agent, its operations and draft cards.

use crate::*;
