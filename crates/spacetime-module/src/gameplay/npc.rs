//! How characters stand to a player.

use crate::*;
