//! Client bindings for the official SpacetimeDB SDKs, written from a module's schema.
//!
//! [`generate`] is a pure function from a [`ModuleDef`] to files as values: the same schema gives the
//! same text on every machine. [`model`] puts what both languages need in order; [`rust`] writes for
//! `spacetimedb-sdk`, [`typescript`] for the npm package `spacetimedb`.

mod model;
mod rust;
mod typescript;

use spacetimedb_schema::def::ModuleDef;

use model::Model;

/// A language that bindings can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// For the crate `spacetimedb-sdk`.
    Rust,
    /// For the npm package `spacetimedb`.
    TypeScript,
}

/// Which tables and functions get bindings. All types do, either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Public tables, views, and functions that any client may call.
    PublicOnly,
    /// Private tables and functions as well, for clients that connect as the database's owner.
    IncludePrivate,
}

/// One file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Where, relative to the output folder, with `/` between folders.
    pub path: String,
    /// The whole text, which ends in a newline.
    pub contents: String,
}

/// Why no bindings could be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// Two items would have to share a name in the output.
    #[error("Both {first} and {second} would be called {name} in the bindings; rename one of them in the module.")]
    NameTaken {
        /// The name in the output.
        name: String,
        /// What has the name.
        first: String,
        /// What would need it too.
        second: String,
    },
    /// The module is made of submodules, which only modules in other languages than Rust can be.
    #[error(
        "The module mounts the submodule {namespace}, and bindings for submodules are not supported; generate them from a module without submodules."
    )]
    Submodule {
        /// Where the submodule is mounted.
        namespace: String,
    },
    /// A type refers to a definition that the schema does not name.
    #[error("The schema uses a type without a name ({reference}); give the type a name in the module.")]
    NamelessType {
        /// The type's number in the module's typespace.
        reference: u32,
    },
    /// The generated text is no valid Rust, which is a defect of this generator.
    #[error("The bindings for {path} are not valid Rust: {reason}. Please report this with the module's schema.")]
    InvalidOutput {
        /// The file that came out wrong.
        path: String,
        /// What the parser says.
        reason: String,
    },
}

/// Writes bindings for a module, sorted by path.
///
/// # Errors
/// See [`GenerateError`]; a module that an engine accepts fails only on names that collide.
pub fn generate(
    module: &ModuleDef,
    language: Language,
    visibility: Visibility,
) -> Result<Vec<GeneratedFile>, GenerateError> {
    let model = Model::new(module, visibility)?;
    let mut files = match language {
        Language::Rust => rust::files(&model)?,
        Language::TypeScript => typescript::files(&model)?,
    };
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}
