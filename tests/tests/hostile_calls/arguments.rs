//! Arguments: of the declared shape, with values that are rare, extreme or known from the database.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, RngCore};
use spacetimedb_lib::sats::Typespace;
use spacetimedb_lib::sats::bsatn;
use spacetimedb_lib::{AlgebraicType, AlgebraicValue, ProductType, ProductValue};

/// Values that the pool keeps of each kind.
const POOL_SIZE: usize = 256;

/// Draws arguments, and learns values that exist.
pub struct Arguments {
    /// Encoded values by the name of their field, and by their shape alone.
    pool: HashMap<String, Vec<Vec<u8>>>,
}

impl Arguments {
    pub fn new() -> Self {
        Arguments { pool: HashMap::new() }
    }

    /// Adds the values of a row or an answer to the pool.
    pub fn learn_product(&mut self, types: &Typespace, shape: &ProductType, value: &ProductValue, rng: &mut StdRng) {
        for (field, value) in shape.elements.iter().zip(value.elements.iter()) {
            let name = field.name().map(|name| name.to_string()).unwrap_or_default();
            self.learn(types, &name, &field.algebraic_type, value, rng);
        }
    }

    /// Adds the values within `value` to the pool.
    pub fn learn(
        &mut self,
        types: &Typespace,
        name: &str,
        shape: &AlgebraicType,
        value: &AlgebraicValue,
        rng: &mut StdRng,
    ) {
        match (resolved(types, shape), value) {
            (AlgebraicType::Product(product), AlgebraicValue::Product(fields)) => {
                if let Some(special) = special_of(product) {
                    self.keep(special, name, value, rng);
                } else {
                    self.learn_product(types, product, fields, rng);
                }
            }
            (AlgebraicType::Sum(sum), AlgebraicValue::Sum(chosen)) => {
                if let Some(variant) = sum.variants.get(usize::from(chosen.tag)) {
                    self.learn(types, name, &variant.algebraic_type, &chosen.value, rng);
                }
            }
            (AlgebraicType::Array(array), AlgebraicValue::Array(items)) => {
                for item in items.iter_cloned().take(20) {
                    self.learn(types, name, &array.elem_ty, &item, rng);
                }
            }
            (AlgebraicType::String, AlgebraicValue::String(_)) => self.keep("String", name, value, rng),
            (AlgebraicType::U32, AlgebraicValue::U32(_)) => self.keep("U32", name, value, rng),
            (AlgebraicType::U64, AlgebraicValue::U64(_)) => self.keep("U64", name, value, rng),
            _ => {}
        }
    }

    fn keep(&mut self, shape: &str, name: &str, value: &AlgebraicValue, rng: &mut StdRng) {
        let Ok(encoded) = bsatn::to_vec(value) else { return };
        for key in [shape.to_owned(), format!("{shape}:{name}")] {
            let values = self.pool.entry(key).or_default();
            if values.len() < POOL_SIZE {
                values.push(encoded.clone());
            } else {
                values[rng.gen_range(0..POOL_SIZE)] = encoded.clone();
            }
        }
    }

    /// Encoded arguments for a function with these parameters.
    pub fn draw(&self, types: &Typespace, params: &ProductType, rng: &mut StdRng) -> Vec<u8> {
        let mut out = Vec::new();
        self.draw_product(types, params, rng, &mut out);
        out
    }

    fn draw_product(&self, types: &Typespace, shape: &ProductType, rng: &mut StdRng, out: &mut Vec<u8>) {
        for field in &shape.elements {
            let name = field.name().map(|name| name.to_string()).unwrap_or_default();
            self.draw_value(types, &name, &field.algebraic_type, rng, out);
        }
    }

    fn draw_value(&self, types: &Typespace, name: &str, shape: &AlgebraicType, rng: &mut StdRng, out: &mut Vec<u8>) {
        match resolved(types, shape) {
            AlgebraicType::Product(product) => match special_of(product) {
                Some(special) if self.draw_known(special, name, rng, out) => {}
                _ => self.draw_product(types, product, rng, out),
            },
            AlgebraicType::Sum(sum) => {
                let tag = rng.gen_range(0..sum.variants.len());
                out.push(tag as u8);
                self.draw_value(types, name, &sum.variants[tag].algebraic_type, rng, out);
            }
            AlgebraicType::Array(array) => {
                let is_bytes = matches!(resolved(types, &array.elem_ty), AlgebraicType::U8);
                let length = draw_length(is_bytes, rng);
                out.extend((length as u32).to_le_bytes());
                for _ in 0..length {
                    self.draw_value(types, name, &array.elem_ty, rng, out);
                }
            }
            AlgebraicType::String => {
                if !self.draw_known("String", name, rng, out) {
                    let text = draw_text(rng);
                    out.extend((text.len() as u32).to_le_bytes());
                    out.extend(text.as_bytes());
                }
            }
            AlgebraicType::U32 if self.draw_known("U32", name, rng, out) => {}
            AlgebraicType::U64 if self.draw_known("U64", name, rng, out) => {}
            AlgebraicType::Bool => out.push(rng.gen_range(0..=1)),
            number => draw_number(width_of(number), rng, out),
        }
    }

    /// Mostly writes a value that is known under this name, sometimes one of the same shape.
    fn draw_known(&self, shape: &str, name: &str, rng: &mut StdRng, out: &mut Vec<u8>) -> bool {
        let key = match rng.gen_range(0..10) {
            0..=5 => format!("{shape}:{name}"),
            6..=7 => shape.to_owned(),
            _ => return false,
        };
        match self.pool.get(&key).and_then(|values| values.choose(rng)) {
            Some(encoded) => {
                out.extend(encoded);
                true
            }
            None => false,
        }
    }
}

/// What a reference refers to.
pub fn resolved<'a>(types: &'a Typespace, shape: &'a AlgebraicType) -> &'a AlgebraicType {
    match shape {
        AlgebraicType::Ref(reference) => resolved(types, &types[*reference]),
        other => other,
    }
}

/// Whether these are the arguments of a request that is done once however often it is sent.
pub fn have_a_key(types: &Typespace, shape: &ProductType) -> bool {
    shape.elements.iter().any(|field| match resolved(types, &field.algebraic_type) {
        AlgebraicType::Product(product) => have_a_key(types, product),
        _ => field.name().is_some_and(|name| &**name == "idempotency_key"),
    })
}

/// The name of the one field that marks an id, a time or another special product.
fn special_of(product: &ProductType) -> Option<&str> {
    match &*product.elements {
        [only] => only.name().map(|name| &**name).filter(|name| name.starts_with("__")),
        _ => None,
    }
}

fn draw_length(is_bytes: bool, rng: &mut StdRng) -> usize {
    match rng.gen_range(0..100) {
        0..=29 => 0,
        30..=69 => 1,
        70..=89 => rng.gen_range(2..5),
        90..=98 => rng.gen_range(5..40),
        _ if is_bytes => 1_100_000,
        _ => 600,
    }
}

fn draw_text(rng: &mut StdRng) -> String {
    match rng.gen_range(0..15) {
        0 => String::new(),
        1 => " ".to_owned(),
        2 => "x".repeat(10_000),
        3 => "\u{202e}𝕳𝖎\u{0}\u{7f}".to_owned(),
        4 => "é".repeat(130),
        5 => "'; DROP TABLE access_grant; --".to_owned(),
        6 => "{\"a\":[1,2,{}]}".to_owned(),
        7 => "0123456789abcdef".repeat(4),
        8 => "key".to_owned(),
        9 => format!("key-{}", rng.gen_range(0..1_000)),
        10 => "A title for people".to_owned(),
        11 => "../../etc/passwd".to_owned(),
        12 => "y".repeat(rng.gen_range(60..300)),
        13 => "image/png".to_owned(),
        _ => format!("word {}", rng.next_u32()),
    }
}

/// Writes zero, one, an extreme, or any number of so many bytes.
fn draw_number(width: usize, rng: &mut StdRng, out: &mut Vec<u8>) {
    let mut bytes = vec![0; width];
    match rng.gen_range(0..8) {
        0 => {}
        1 => bytes[0] = 1,
        2 => bytes.fill(0xff),
        3 => {
            bytes.fill(0xff);
            bytes[width - 1] = 0x7f;
        }
        4 => bytes[width - 1] = 0x80,
        5 | 6 => bytes[0] = rng.gen_range(0..20),
        _ => rng.fill_bytes(&mut bytes),
    }
    out.extend(bytes);
}

fn width_of(number: &AlgebraicType) -> usize {
    match number {
        AlgebraicType::U8 | AlgebraicType::I8 => 1,
        AlgebraicType::U16 | AlgebraicType::I16 => 2,
        AlgebraicType::U32 | AlgebraicType::I32 | AlgebraicType::F32 => 4,
        AlgebraicType::U64 | AlgebraicType::I64 | AlgebraicType::F64 => 8,
        AlgebraicType::U128 | AlgebraicType::I128 => 16,
        AlgebraicType::U256 | AlgebraicType::I256 => 32,
        other => panic!("no values of type {other:?} can be drawn"),
    }
}
