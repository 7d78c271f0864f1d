//! A player's saves.

use crate::*;
