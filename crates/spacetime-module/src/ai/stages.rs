//! Stages of a task, their text and its results.

use crate::*;
