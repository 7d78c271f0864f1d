//! Items with rolled attributes, and the treasures that they come from.

use crate::*;
