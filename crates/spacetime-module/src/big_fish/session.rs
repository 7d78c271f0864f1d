//! Creation of a game.

use crate::*;
