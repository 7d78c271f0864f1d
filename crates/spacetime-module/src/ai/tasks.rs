//! Tasks and their life.

use crate::*;
