//! An author's drafts and published worlds in one list.

use crate::*;
