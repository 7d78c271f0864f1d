//! Battles.

use crate::*;
