//! What a player has looked at.

use crate::*;
