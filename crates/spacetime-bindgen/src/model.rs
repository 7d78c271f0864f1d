//! What a client can see of a module, sorted, in the terms that both languages share.

use std::collections::BTreeMap;

use spacetimedb_lib::db::raw_def::v9::TableAccess;
use spacetimedb_lib::sats::AlgebraicTypeRef;
use spacetimedb_schema::def::{IndexDef, ModuleDef, ProcedureDef, ReducerDef, ScopedTypeName, TableDef, ViewDef};
use spacetimedb_schema::identifier::Identifier;
use spacetimedb_schema::type_for_generate::{AlgebraicTypeDef, AlgebraicTypeUse};

use crate::{GenerateError, Visibility};

/// A module as a client sees it.
pub(crate) struct Model<'a> {
    /// Tables and views, by accessor.
    pub tables: Vec<Table<'a>>,
    /// Reducers, by accessor.
    pub reducers: Vec<Function<'a>>,
    /// Procedures, by accessor.
    pub procedures: Vec<Function<'a>>,
    /// Named types, by name.
    pub types: Vec<Type<'a>>,
    /// What was asked for.
    pub visibility: Visibility,
    names: BTreeMap<AlgebraicTypeRef, &'a ScopedTypeName>,
}

/// A table, or a view, which clients read like a table.
pub(crate) struct Table<'a> {
    /// The name on the wire.
    pub wire: &'a str,
    /// The name in the module's source.
    pub accessor: &'a str,
    pub kind: TableKind,
    /// The row's type.
    pub row: AlgebraicTypeRef,
    pub columns: Vec<Column<'a>>,
    /// The position of the primary key.
    pub primary_key: Option<usize>,
    /// Positions of single unique columns, the primary key included.
    pub unique: Vec<usize>,
    pub constraints: Vec<Constraint<'a>>,
    /// The indexes that have an accessor.
    pub indexes: Vec<Index<'a>>,
    /// A view's parameters.
    pub parameters: &'a [(Identifier, AlgebraicTypeUse)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableKind {
    Stored,
    Event,
    View,
}

pub(crate) struct Column<'a> {
    /// The name on the wire.
    pub wire: &'a str,
    /// The name in the module's source.
    pub accessor: &'a str,
    pub ty: &'a AlgebraicTypeUse,
}

pub(crate) struct Constraint<'a> {
    pub wire: &'a str,
    /// Positions of the columns that are unique together.
    pub columns: Vec<usize>,
}

pub(crate) struct Index<'a> {
    pub wire: &'a str,
    pub accessor: &'a str,
    /// Positions of the columns, in the index's order.
    pub columns: Vec<usize>,
}

/// A reducer, or a procedure, which has a return type.
pub(crate) struct Function<'a> {
    /// The name on the wire.
    pub wire: &'a str,
    /// The name in the module's source.
    pub accessor: &'a str,
    pub parameters: &'a [(Identifier, AlgebraicTypeUse)],
    pub returns: Option<&'a AlgebraicTypeUse>,
}

pub(crate) struct Type<'a> {
    pub name: &'a ScopedTypeName,
    pub reference: AlgebraicTypeRef,
    pub def: &'a AlgebraicTypeDef,
}

impl<'a> Model<'a> {
    /// Collects what `visibility` lets a client see.
    pub fn new(module: &'a ModuleDef, visibility: Visibility) -> Result<Self, GenerateError> {
        if let Some(namespace) = module.submodules().keys().next() {
            return Err(GenerateError::Submodule { namespace: namespace.to_string() });
        }
        let private = visibility == Visibility::IncludePrivate;
        let types = types(module);
        let model = Self {
            tables: tables(module, private),
            reducers: sorted(module.reducers().filter(|def| private || !def.visibility.is_private()).map(reducer)),
            procedures: sorted(
                module.procedures().filter(|def| private || !def.visibility.is_private()).map(procedure),
            ),
            names: types.iter().map(|ty| (ty.reference, ty.name)).collect(),
            types,
            visibility,
        };
        model.check_references()?;
        Ok(model)
    }

    /// The name of the type that a reference stands for; [`Model::new`] has seen that it has one.
    pub fn type_name(&self, reference: AlgebraicTypeRef) -> Option<&'a ScopedTypeName> {
        self.names.get(&reference).copied()
    }

    /// The tables and views whose rows have this type.
    pub fn tables_of(&self, row: AlgebraicTypeRef) -> impl Iterator<Item = &Table<'a>> {
        self.tables.iter().filter(move |table| table.row == row)
    }

    fn check_references(&self) -> Result<(), GenerateError> {
        let mut nameless = None;
        let mut check = |ty: &AlgebraicTypeUse| {
            ty.for_each_ref(|reference| {
                if !self.names.contains_key(&reference) {
                    nameless = Some(reference);
                }
            });
        };
        for ty in &self.types {
            elements(ty.def).iter().for_each(|(_, ty)| check(ty));
        }
        for function in self.reducers.iter().chain(&self.procedures) {
            function.parameters.iter().for_each(|(_, ty)| check(ty));
            function.returns.iter().for_each(|ty| check(ty));
        }
        for table in &self.tables {
            check(&AlgebraicTypeUse::Ref(table.row));
            table.parameters.iter().for_each(|(_, ty)| check(ty));
        }
        match nameless {
            Some(reference) => Err(GenerateError::NamelessType { reference: reference.0 }),
            None => Ok(()),
        }
    }
}

/// Names that are given to one item each; two that collide would make output that does not compile.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// Gives `name` to the item that `what` describes, unless another one has it.
    pub fn take(&mut self, name: String, what: String) -> Result<(), GenerateError> {
        match self.0.insert(name.clone(), what.clone()) {
            Some(first) => Err(GenerateError::NameTaken { name, first, second: what }),
            None => Ok(()),
        }
    }
}

/// The fields of a product or the variants of a sum that have types of their own.
fn elements(def: &AlgebraicTypeDef) -> &[(Identifier, AlgebraicTypeUse)] {
    match def {
        AlgebraicTypeDef::Product(product) => &product.elements,
        AlgebraicTypeDef::Sum(sum) => &sum.variants,
        AlgebraicTypeDef::PlainEnum(_) => &[],
    }
}

fn types(module: &ModuleDef) -> Vec<Type<'_>> {
    let defs = module.typespace_for_generate();
    let mut types: Vec<_> = module
        .types()
        .filter_map(|ty| Some(Type { name: &ty.accessor_name, reference: ty.ty, def: defs.get(ty.ty)? }))
        .collect();
    types.sort_by_key(|ty| ty.name.to_string());
    types
}

fn tables(module: &ModuleDef, private: bool) -> Vec<Table<'_>> {
    let tables = module.tables().filter(|def| private || def.table_access == TableAccess::Public).map(table);
    let views = module.views().filter(|def| private || def.is_public).map(view);
    let mut all: Vec<_> = tables.chain(views).collect();
    all.sort_by_key(|table| (table.accessor, table.wire));
    all
}

fn table(def: &TableDef) -> Table<'_> {
    let constraints = constraints(def);
    let mut unique: Vec<_> = constraints
        .iter()
        .filter_map(|constraint| match constraint.columns[..] {
            [column] => Some(column),
            _ => None,
        })
        .collect();
    unique.sort_unstable();
    Table {
        wire: &def.name,
        accessor: &def.accessor_name,
        kind: if def.is_event { TableKind::Event } else { TableKind::Stored },
        row: def.product_type_ref,
        columns: def
            .columns
            .iter()
            .map(|column| Column { wire: &column.name, accessor: &column.accessor_name, ty: &column.ty_for_generate })
            .collect(),
        primary_key: def.primary_key.map(|column| column.idx()),
        unique,
        constraints,
        indexes: indexes(def),
        parameters: &[],
    }
}

fn view(def: &ViewDef) -> Table<'_> {
    Table {
        wire: &def.name,
        accessor: &def.accessor_name,
        kind: TableKind::View,
        row: def.product_type_ref,
        columns: def
            .return_columns
            .iter()
            .map(|column| Column { wire: &column.name, accessor: &column.accessor_name, ty: &column.ty_for_generate })
            .collect(),
        primary_key: def.primary_key.map(|column| column.idx()),
        unique: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        parameters: &def.params_for_generate.elements,
    }
}

fn constraints(def: &TableDef) -> Vec<Constraint<'_>> {
    let mut constraints: Vec<_> = def
        .constraints
        .values()
        .filter_map(|constraint| {
            let columns = constraint.data.unique_columns()?.iter().map(|column| column.idx()).collect();
            Some(Constraint { wire: &constraint.name, columns })
        })
        .collect();
    constraints.sort_by_key(|constraint| constraint.wire);
    constraints
}

fn indexes(def: &TableDef) -> Vec<Index<'_>> {
    let mut indexes: Vec<_> = def.indexes.values().filter_map(index).collect();
    indexes.sort_by_key(|index| (index.accessor, index.wire));
    indexes
}

/// An index without an accessor was made by the system, and no client refers to it.
fn index(def: &IndexDef) -> Option<Index<'_>> {
    Some(Index {
        wire: &def.name,
        accessor: def.accessor_name.as_deref()?,
        columns: def.algorithm.columns().iter().map(|column| column.idx()).collect(),
    })
}

fn reducer(def: &ReducerDef) -> Function<'_> {
    Function {
        wire: &def.name,
        accessor: def.accessor_name.local(),
        parameters: &def.params_for_generate.elements,
        returns: None,
    }
}

fn procedure(def: &ProcedureDef) -> Function<'_> {
    Function {
        wire: &def.name,
        accessor: &def.accessor_name,
        parameters: &def.params_for_generate.elements,
        returns: Some(&def.return_type_for_generate),
    }
}

fn sorted<'a>(functions: impl Iterator<Item = Function<'a>>) -> Vec<Function<'a>> {
    let mut functions: Vec<_> = functions.collect();
    functions.sort_by_key(|function| (function.accessor, function.wire));
    functions
}
