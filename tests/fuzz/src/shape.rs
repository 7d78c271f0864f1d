//! Values of a described type, in the engine's binary form: made from nothing, or changed in places.
//!
//! A mutation that knows the type keeps lengths, tags and nesting in order, so that what it changes is seen by the code
//! behind the decoder and not only by the decoder.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use spacetimedb_lib::sats::{ProductType, SumType, Typespace};
use spacetimedb_lib::{AlgebraicType, ModuleDefBuilder, SpacetimeType};

/// Generated values end here; deeper ones come from repeating bytes.
const GENERATED_DEPTH_MAX: usize = 12;
/// Deeper values are left to mutation without types, as this walk is recursive itself.
const WALKED_DEPTH_MAX: usize = 500;
/// One node in so many is changed.
const CHANGE_RATIO: u32 = 24;
/// How often a walk that has changed nothing is repeated.
const WALKS_MAX: usize = 4;

/// A type together with those that it refers to.
pub struct Shape {
    types: Typespace,
    root: AlgebraicType,
}

/// Chance, and the words that mean something to the receiver.
pub struct Taste<'a> {
    /// Chance.
    pub random: &'a mut StdRng,
    /// Names and sentences, such as those of tables.
    pub words: &'a [String],
}

impl Shape {
    /// The shape of a Rust type.
    pub fn of<T: SpacetimeType>() -> Self {
        let mut builder = ModuleDefBuilder::default();
        let root = builder.add_type::<T>();
        Self { types: builder.finish().typespace, root }
    }

    /// The shape of a function's arguments.
    pub fn of_arguments(types: &Typespace, arguments: &ProductType) -> Self {
        Self { types: types.clone(), root: AlgebraicType::Product(arguments.clone()) }
    }

    /// A value out of nothing.
    pub fn generate(&self, taste: &mut Taste) -> Vec<u8> {
        let mut out = Vec::new();
        self.make(&self.root, taste, 0, &mut out);
        out
    }

    /// A value that differs from this one in some places; `None` if the bytes are not of this shape.
    pub fn mutate(&self, bytes: &[u8], taste: &mut Taste) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for _ in 0..WALKS_MAX {
            let mut rest = bytes;
            out.clear();
            let mut walk = Walk { shape: self, taste, rest: &mut rest };
            walk.copy(&self.root, 0, &mut out)?;
            if !rest.is_empty() {
                return None;
            }
            if out != bytes {
                break;
            }
        }
        Some(out)
    }

    fn make(&self, ty: &AlgebraicType, taste: &mut Taste, depth: usize, out: &mut Vec<u8>) {
        match ty {
            AlgebraicType::Ref(target) => self.make(&self.types[*target], taste, depth + 1, out),
            AlgebraicType::Sum(sum) => self.make_sum(sum, taste, depth, out),
            AlgebraicType::Product(product) => {
                product.elements.iter().for_each(|element| {
                    self.make(&element.algebraic_type, taste, depth + 1, out);
                });
            }
            AlgebraicType::Array(array) => {
                let length = if depth >= GENERATED_DEPTH_MAX { 0 } else { taste.random.gen_range(0..4_u32) };
                out.extend(length.to_le_bytes());
                (0..length).for_each(|_| self.make(&array.elem_ty, taste, depth + 1, out));
            }
            AlgebraicType::String => push_text(&taste.text(), out),
            scalar => taste.push_scalar(width(scalar), out),
        }
    }

    fn make_sum(&self, sum: &SumType, taste: &mut Taste, depth: usize, out: &mut Vec<u8>) {
        let Some(last) = sum.variants.len().checked_sub(1) else { return out.push(0) };
        let is_leaf = |tag: &usize| is_plain(&sum.variants[*tag].algebraic_type);
        let tag = match (depth >= GENERATED_DEPTH_MAX).then(|| (0..=last).find(is_leaf)).flatten() {
            Some(leaf) => leaf,
            None => taste.random.gen_range(0..=last),
        };
        out.push(u8::try_from(tag).unwrap_or(u8::MAX));
        self.make(&sum.variants[tag].algebraic_type, taste, depth + 1, out);
    }
}

impl Taste<'_> {
    fn happens(&mut self, ratio: u32) -> bool {
        self.random.gen_ratio(1, ratio)
    }

    fn text(&mut self) -> String {
        match self.words.choose(self.random) {
            Some(word) if !self.happens(4) => word.clone(),
            _ => {
                let length = self.random.gen_range(0..12);
                (0..length).map(|_| self.random.r#gen::<char>()).collect()
            }
        }
    }

    fn push_scalar(&mut self, width: usize, out: &mut Vec<u8>) {
        match self.random.gen_range(0..4) {
            0 => out.extend(std::iter::repeat_n(0, width)),
            1 => out.extend(std::iter::repeat_n(0xff, width)),
            2 => {
                out.push(self.random.gen_range(0..4));
                out.extend(std::iter::repeat_n(0, width.saturating_sub(1)));
            }
            _ => out.extend((0..width).map(|_| self.random.r#gen::<u8>())),
        }
    }

    /// Changes bytes of which nothing is known: a bit, a slice left out, a slice many times.
    pub fn disturb(&mut self, bytes: &mut Vec<u8>, length_max: usize) {
        if bytes.is_empty() {
            bytes.push(self.random.r#gen());
            return;
        }
        let start = self.random.gen_range(0..bytes.len());
        let length = self.random.gen_range(1..=16.min(bytes.len() - start));
        match self.random.gen_range(0..3) {
            0 => bytes[start] ^= 1 << self.random.gen_range(0..8),
            1 => drop(bytes.drain(start..start + length)),
            _ => {
                // Few bytes can say "once more inside": repeated, they make what is nested deeply.
                let slice = bytes[start..start + length].to_vec();
                let times = 1_usize << self.random.gen_range(0..18);
                let room = length_max.saturating_sub(bytes.len()) / slice.len();
                bytes.splice(start..start, slice.repeat(times.min(room)));
            }
        }
    }
}

/// One pass over a value that copies it and changes some of it.
struct Walk<'a, 'b, 'c> {
    shape: &'a Shape,
    taste: &'a mut Taste<'b>,
    rest: &'a mut &'c [u8],
}

impl Walk<'_, '_, '_> {
    fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        *self.rest = rest;
        Some(taken.to_vec())
    }

    fn take_length(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn copy(&mut self, ty: &AlgebraicType, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        if depth > WALKED_DEPTH_MAX {
            return None;
        }
        if !matches!(ty, AlgebraicType::Ref(_)) && self.taste.happens(CHANGE_RATIO) {
            let shape = self.shape;
            shape.make(ty, self.taste, GENERATED_DEPTH_MAX / 2, out);
            return self.copy_quietly(ty, depth);
        }
        match ty {
            AlgebraicType::Ref(target) => {
                let shape = self.shape;
                self.copy(&shape.types[*target], depth + 1, out)
            }
            AlgebraicType::Sum(sum) => {
                let tag = self.take(1)?[0];
                let variant = sum.variants.get(usize::from(tag))?;
                out.push(tag);
                self.copy(&variant.algebraic_type, depth + 1, out)
            }
            AlgebraicType::Product(product) => {
                product.elements.iter().try_for_each(|element| self.copy(&element.algebraic_type, depth + 1, out))
            }
            AlgebraicType::Array(array) if matches!(*array.elem_ty, AlgebraicType::U8) => self.copy_bytes(out),
            AlgebraicType::Array(array) => self.copy_array(&array.elem_ty, depth, out),
            AlgebraicType::String => self.copy_text(out),
            scalar => {
                out.extend(self.take(width(scalar))?);
                Some(())
            }
        }
    }

    /// Reads on without copying.
    fn copy_quietly(&mut self, ty: &AlgebraicType, depth: usize) -> Option<()> {
        self.copy(ty, depth + 1, &mut Vec::new())
    }

    fn copy_bytes(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let length = self.take_length()?;
        let mut bytes = self.take(length as usize)?;
        if self.taste.happens(3) {
            self.taste.disturb(&mut bytes, 1 << 18);
        }
        push_bytes(&bytes, out);
        Some(())
    }

    fn copy_text(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let length = self.take_length()?;
        let mut bytes = self.take(length as usize)?;
        if self.taste.happens(6) {
            self.taste.disturb(&mut bytes, 60_000);
        }
        push_text(&String::from_utf8_lossy(&bytes), out);
        Some(())
    }

    fn copy_array(&mut self, element: &AlgebraicType, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        let mut items = Vec::new();
        for _ in 0..self.take_length()? {
            let mut item = Vec::new();
            self.copy(element, depth + 1, &mut item)?;
            items.push(item);
        }
        if self.taste.happens(8) {
            match self.taste.random.gen_range(0..3) {
                0 if !items.is_empty() => drop(items.pop()),
                1 => items.extend(items.choose(self.taste.random).cloned()),
                _ => {
                    let mut item = Vec::new();
                    self.shape.make(element, self.taste, depth, &mut item);
                    items.push(item);
                }
            }
        }
        out.extend(u32::try_from(items.len()).ok()?.to_le_bytes());
        items.iter().for_each(|item| out.extend(item));
        Some(())
    }
}

/// Whether values of the type hold no others, so that generating one ends here.
fn is_plain(ty: &AlgebraicType) -> bool {
    match ty {
        AlgebraicType::Product(product) => product.elements.is_empty(),
        AlgebraicType::Ref(_) | AlgebraicType::Sum(_) | AlgebraicType::Array(_) => false,
        _ => true,
    }
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

fn push_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(bytes);
}

fn push_text(text: &str, out: &mut Vec<u8>) {
    push_bytes(text.as_bytes(), out);
}
