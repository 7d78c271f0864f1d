//! Bindings for the npm package `spacetimedb`.

use crate::model::Model;
use crate::{GenerateError, GeneratedFile};

pub(crate) fn files(_model: &Model<'_>) -> Result<Vec<GeneratedFile>, GenerateError> {
    Ok(Vec::new())
}
