//! Picture puzzles.

use crate::*;
