//! Tables of creation and play.

use crate::*;
