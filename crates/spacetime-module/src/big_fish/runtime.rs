//! Runs: spawning, input, eating, merging.

use crate::*;
