//! A world in its author's library.

use crate::*;
