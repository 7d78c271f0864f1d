//! A creation in progress, stage by stage.

use crate::*;
