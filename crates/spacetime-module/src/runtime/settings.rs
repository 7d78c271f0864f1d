//! A player's settings.

use crate::*;
