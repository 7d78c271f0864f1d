//! Rows of a task and what callers receive of them.

use crate::*;
