//! Arguments in BSATN that would cost far more than their bytes.
//!
//! The engine decodes them by recursion, as deep as the bytes say, and a stack that overflows ends the process: for a
//! type that contains itself, some ten thousand bytes are enough. It also makes as many elements of a list as the list
//! says it has, even if an element takes no bytes at all. Both are refused here, before the engine sees them. Arguments
//! in JSON need none of this: their decoder has a limit of its own, and each element takes bytes.

use spacetimedb_core::host::module_host::ModuleInfo;
use spacetimedb_lib::sats::{ProductType, Typespace};
use spacetimedb_lib::{AlgebraicType, Hash};
use spacetimedb_schema::def::ModuleDef;

/// How many lists, sums, products and named types may be around a value, one inside the other. Each of them is a step
/// of the recursion, here and in the engine; a struct that contains itself in an option takes three. The engine's steps
/// take about half a KiB of stack each, so that this many leave most of a thread's 2 MiB.
const NESTING_MAX: usize = 512;
/// Values without content in the arguments of one call.
const EMPTY_VALUES_MAX: usize = 65_536;
/// Values that one byte of content may be inside of.
const VALUES_A_BYTE_MAX: usize = 64;

/// Why arguments are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentsRefused {
    /// They are nested too deeply.
    #[error("the arguments are nested more than {NESTING_MAX} levels deep")]
    TooDeep,
    /// They list too many values that have no content.
    #[error("the arguments list more than {EMPTY_VALUES_MAX} values without content")]
    TooManyEmpty,
}

/// The limits on the calls of one connection. Modules whose types cannot break them cost nothing.
#[derive(Default)]
pub struct ArgumentLimits {
    judged: Option<(Hash, bool)>,
}

impl ArgumentLimits {
    /// Checks the arguments of a call.
    pub fn check(&mut self, module: &ModuleInfo, function: &str, arguments: &[u8]) -> Result<(), ArgumentsRefused> {
        if !self.are_needed_for(module) {
            return Ok(());
        }
        check_call(&module.module_def, function, arguments)
    }

    fn are_needed_for(&mut self, module: &ModuleInfo) -> bool {
        match self.judged {
            Some((hash, is_needed)) if hash == module.module_hash => is_needed,
            _ => {
                let is_needed = has_costly_arguments(&module.module_def);
                self.judged = Some((module.module_hash, is_needed));
                is_needed
            }
        }
    }
}

/// Checks the arguments of one call. Those of unknown functions, and those that do not fit, are left to the engine.
pub fn check_call(module: &ModuleDef, function: &str, arguments: &[u8]) -> Result<(), ArgumentsRefused> {
    let reducer = module.reducer_by_name_with_module(function).map(|(_, def, owner)| (&def.params, owner));
    let procedure = || module.procedure_by_name_with_module(function).map(|(_, def, owner)| (&def.params, owner));
    match reducer.or_else(procedure) {
        Some((parameters, owner)) => check_arguments(owner.typespace(), parameters, arguments),
        None => Ok(()),
    }
}

fn check_arguments(types: &Typespace, parameters: &ProductType, bytes: &[u8]) -> Result<(), ArgumentsRefused> {
    let values_left = EMPTY_VALUES_MAX + bytes.len().saturating_mul(VALUES_A_BYTE_MAX);
    let mut walk = Walk { types, rest: bytes, values_left };
    match parameters.elements.iter().try_for_each(|parameter| walk.skip(&parameter.algebraic_type, 0)) {
        Err(Stop::Refused(cause)) => Err(cause),
        Ok(()) | Err(Stop::Malformed) => Ok(()),
    }
}

/// Whether any type that a call could bring breaks the limits. Types of rows are among those that are looked at, which
/// at worst makes calls be checked that need not be.
fn has_costly_arguments(module: &ModuleDef) -> bool {
    let types = module.typespace();
    let mut judgement = Judgement::new(types);
    let reducers = module.reducers().map(|reducer| &reducer.params);
    let parameters = reducers.chain(module.procedures().map(|procedure| &procedure.params));
    let inline = parameters.flat_map(|parameters| &parameters.elements).map(|parameter| &parameter.algebraic_type);
    types.types.iter().chain(inline).any(|ty| judgement.of(ty).is_costly)
        || module.submodules().values().any(has_costly_arguments)
}

/// What there is to know about a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Nature {
    /// It contains itself, lists elements without content, or is nested too deeply for some of its values.
    is_costly: bool,
    /// Its values take no bytes.
    is_empty: bool,
    /// How many types there are around the innermost one.
    depth: usize,
}

impl Nature {
    /// What a type is before anything is known of its parts.
    fn new(is_empty: bool) -> Self {
        Self { is_costly: false, is_empty, depth: 0 }
    }

    /// The type has a part.
    fn contain(&mut self, part: Self) {
        self.depth = self.depth.max(part.depth + 1);
        self.is_costly |= part.is_costly || self.depth > NESTING_MAX;
    }
}

/// What is known of the types of a module. Each is looked at once, however many others it is part of.
struct Judgement<'a> {
    types: &'a Typespace,
    /// Nothing for those that were never looked at.
    known: Vec<Option<Nature>>,
}

impl<'a> Judgement<'a> {
    fn new(types: &'a Typespace) -> Self {
        Self { types, known: vec![None; types.types.len()] }
    }

    fn of(&mut self, ty: &AlgebraicType) -> Nature {
        match ty {
            AlgebraicType::Ref(target) => {
                if let Some(known) = self.known.get(target.idx()).copied().flatten() {
                    return known;
                }
                let Some(ty) = self.types.get(*target) else { return Nature::new(false) };
                // Whoever comes back to it while it is looked at has found a type that contains itself.
                self.known[target.idx()] = Some(Nature { is_costly: true, ..Nature::new(false) });
                let named = self.of(ty);
                let mut nature = Nature::new(named.is_empty);
                nature.contain(named);
                self.known[target.idx()] = Some(nature);
                nature
            }
            AlgebraicType::Sum(sum) => {
                let mut whole = Nature::new(false);
                for variant in &sum.variants {
                    whole.contain(self.of(&variant.algebraic_type));
                }
                whole
            }
            AlgebraicType::Product(product) => {
                let mut whole = Nature::new(true);
                for element in &product.elements {
                    let part = self.of(&element.algebraic_type);
                    whole.contain(part);
                    whole.is_empty &= part.is_empty;
                }
                whole
            }
            AlgebraicType::Array(array) => {
                let element = self.of(&array.elem_ty);
                let mut whole = Nature::new(false);
                whole.contain(element);
                whole.is_costly |= element.is_empty;
                whole
            }
            _ => Nature::new(false),
        }
    }
}

enum Stop {
    Refused(ArgumentsRefused),
    /// The bytes do not fit the type; the engine will say how.
    Malformed,
}

/// Goes over a value without making one.
struct Walk<'a> {
    types: &'a Typespace,
    rest: &'a [u8],
    values_left: usize,
}

impl Walk<'_> {
    fn take(&mut self, length: usize) -> Result<&[u8], Stop> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Stop::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn take_length(&mut self) -> Result<u32, Stop> {
        let bytes = self.take(4)?.try_into().map_err(|_| Stop::Malformed)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn skip(&mut self, ty: &AlgebraicType, depth: usize) -> Result<(), Stop> {
        if depth > NESTING_MAX {
            return Err(Stop::Refused(ArgumentsRefused::TooDeep));
        }
        self.values_left = self.values_left.checked_sub(1).ok_or(Stop::Refused(ArgumentsRefused::TooManyEmpty))?;
        match ty {
            AlgebraicType::Ref(target) => {
                let ty = self.types.get(*target).ok_or(Stop::Malformed)?;
                self.skip(ty, depth + 1)
            }
            AlgebraicType::Sum(sum) => {
                let tag = self.take(1)?[0];
                let variant = sum.variants.get(usize::from(tag)).ok_or(Stop::Malformed)?;
                self.skip(&variant.algebraic_type, depth + 1)
            }
            AlgebraicType::Product(product) => {
                // A loop and no closures: without optimisation, each of those takes stack of its own at every level.
                for element in &product.elements {
                    self.skip(&element.algebraic_type, depth + 1)?;
                }
                Ok(())
            }
            AlgebraicType::Array(array) => self.skip_array(&array.elem_ty, depth + 1),
            AlgebraicType::String => {
                let length = self.take_length()?;
                self.take(length as usize).map(drop)
            }
            scalar => self.take(width(scalar)).map(drop),
        }
    }

    /// Goes over a list, whose elements are at this depth.
    fn skip_array(&mut self, element: &AlgebraicType, depth: usize) -> Result<(), Stop> {
        let length = self.take_length()?;
        if is_scalar(element) {
            let bytes = (length as usize).checked_mul(width(element)).ok_or(Stop::Malformed)?;
            return self.take(bytes).map(drop);
        }
        for _ in 0..length {
            self.skip(element, depth)?;
        }
        Ok(())
    }
}

fn is_scalar(ty: &AlgebraicType) -> bool {
    use AlgebraicType::{Array, Product, Ref, String, Sum};
    !matches!(ty, Ref(_) | Sum(_) | Product(_) | Array(_) | String)
}

/// Bytes that a scalar takes.
fn width(ty: &AlgebraicType) -> usize {
    match ty {
        AlgebraicType::Bool | AlgebraicType::I8 | AlgebraicType::U8 => 1,
        AlgebraicType::I16 | AlgebraicType::U16 => 2,
        AlgebraicType::I32 | AlgebraicType::U32 | AlgebraicType::F32 => 4,
        AlgebraicType::I64 | AlgebraicType::U64 | AlgebraicType::F64 => 8,
        AlgebraicType::I128 | AlgebraicType::U128 => 16,
        _ => 32,
    }
}

#[cfg(test)]
mod tests {
    use spacetimedb_lib::sats::AlgebraicTypeRef;

    use super::*;

    /// A person with a name and children: 0. A list of nothings: the second parameter.
    fn types() -> (Typespace, ProductType) {
        let person = AlgebraicType::Ref(AlgebraicTypeRef(0));
        let family = AlgebraicType::product([AlgebraicType::String, AlgebraicType::array(person.clone())]);
        let parameters = ProductType::from([person, AlgebraicType::array(AlgebraicType::unit())]);
        (Typespace::new(vec![family]), parameters)
    }

    /// So many people, each the child of the one before, then so many nothings.
    fn arguments(people: usize, nothings: u32) -> Vec<u8> {
        let mut bytes = [0, 0, 0, 0, 1, 0, 0, 0].repeat(people - 1);
        bytes.extend([0; 8]);
        bytes.extend(nothings.to_le_bytes());
        bytes
    }

    #[track_caller]
    fn check(people: usize, nothings: u32, expected: Result<(), ArgumentsRefused>) {
        let (types, parameters) = types();
        assert_eq!(check_arguments(&types, &parameters, &arguments(people, nothings)), expected);
    }

    #[test]
    fn families_have_so_many_generations_and_no_more() {
        /// Each takes three levels: the person's type, the product that it is, and the list of children.
        const GENERATIONS_MAX: usize = (NESTING_MAX + 1) / 3;
        check(128, 0, Ok(()));
        check(GENERATIONS_MAX, 0, Ok(()));
        check(GENERATIONS_MAX + 1, 0, Err(ArgumentsRefused::TooDeep));
        check(1_000_000, 0, Err(ArgumentsRefused::TooDeep));
    }

    /// A type that contains itself inside of 300 options: 0.
    fn options() -> (Typespace, ProductType) {
        let whole = AlgebraicType::Ref(AlgebraicTypeRef(0));
        let options = (0..300).fold(whole.clone(), |inner, _| AlgebraicType::option(inner));
        (Typespace::new(vec![options]), ProductType::from([whole]))
    }

    #[test]
    fn types_without_a_name_count_like_those_that_have_one() {
        let (types, parameters) = options();
        // So many options that hold something, and one that holds nothing.
        let check = |full: usize| check_arguments(&types, &parameters, &[vec![0u8; full], vec![1]].concat());
        // The named type is gone through twice, and nothing is a product.
        let full_max = NESTING_MAX - 3;
        assert_eq!(check(full_max), Ok(()));
        assert_eq!(check(full_max + 1), Err(ArgumentsRefused::TooDeep));
        assert_eq!(check(1_000_000), Err(ArgumentsRefused::TooDeep));
    }

    #[test]
    fn nothings_are_counted() {
        check(1, 65_536, Ok(()));
        check(1, 100_000, Err(ArgumentsRefused::TooManyEmpty));
        check(1, u32::MAX, Err(ArgumentsRefused::TooManyEmpty));
    }

    #[test]
    fn what_does_not_fit_is_left_to_the_engine() {
        let (types, parameters) = types();
        for length in 0..arguments(3, 1).len() {
            assert_eq!(check_arguments(&types, &parameters, &arguments(3, 1)[..length]), Ok(()));
        }
        assert_eq!(check_arguments(&types, &parameters, &[0xff; 16]), Ok(()));
    }

    #[test]
    fn costly_types_are_recognised() {
        let (types, parameters) = types();
        let is_costly = |ty: &AlgebraicType| Judgement::new(&types).of(ty).is_costly;
        assert!(parameters.elements.iter().all(|parameter| is_costly(&parameter.algebraic_type)));
        let plain = AlgebraicType::array(AlgebraicType::product([AlgebraicType::unit(), AlgebraicType::U8]));
        assert!(!is_costly(&plain));
        let endless = AlgebraicType::Ref(AlgebraicTypeRef(0));
        let itself = Typespace::new(vec![AlgebraicType::product([endless.clone(), endless])]);
        assert!(Judgement::new(&itself).of(&itself.types[0]).is_costly);
        let deep = |levels| (0..levels).fold(AlgebraicType::U8, |inner, _| AlgebraicType::option(inner));
        assert!(!is_costly(&deep(NESTING_MAX)));
        assert!(is_costly(&deep(NESTING_MAX + 1)));
    }
}
