//! Assets of a level ladder.

use crate::*;
