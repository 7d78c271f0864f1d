//! Arguments: of the declared shape, with values that are rare, extreme or known from the database.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, RngCore};
use spacetimedb_lib::sats::Typespace;
use spacetimedb_lib::sats::bsatn;
use spacetimedb_lib::{AlgebraicType, AlgebraicValue, ProductType, ProductValue};

/// What the one field of an identity is called.
const IDENTITY: &str = "__identity__";

/// Rows that are looked at before one is chosen.
const CANDIDATES: usize = 8;
/// Values that the pool keeps of each kind.
const POOL_SIZE: usize = 256;

/// Encoded values that belong together.
#[derive(Default)]
pub struct Row {
    table: String,
    /// By the shape and the name of their field.
    values: HashMap<String, Vec<u8>>,
}

impl Row {
    /// Whom the row belongs to, or is about.
    pub fn identity(&self) -> Option<&[u8]> {
        self.values.get(IDENTITY).map(Vec::as_slice)
    }

    /// What the row has for a parameter. Whoever a row belongs to is called differently here and there, and a revision
    /// that is expected is the one that the row has.
    fn value(&self, shape: &str, name: &str) -> Option<&[u8]> {
        let name = name.strip_prefix("expected_").unwrap_or(name);
        let value = self.values.get(&format!("{shape}:{name}")).or_else(|| self.values.get(shape));
        value.map(Vec::as_slice)
    }

    /// How many words the names of the table and of an entry point share.
    fn words_shared_with(&self, entry_point: &str) -> usize {
        self.table.split('_').filter(|word| entry_point.split('_').any(|other| other == *word)).count()
    }
}

/// Draws arguments, and learns values that exist.
#[derive(Default)]
pub struct Arguments {
    /// Encoded values by the name of their field, and by their shape alone.
    pool: HashMap<String, Vec<Vec<u8>>>,
    /// Rows of all tables, as they were when they were last read.
    rows: Vec<Row>,
    /// Which rows have a value of that shape and name.
    rows_with: HashMap<String, Vec<usize>>,
    /// The row that is being learned.
    gathered: Option<Row>,
}

impl Arguments {
    /// Forgets the rows that are known, but no value of theirs.
    pub fn forget_rows(&mut self) {
        self.rows.clear();
        self.rows_with.clear();
    }

    /// Remembers a row, and adds its values to the pool.
    pub fn learn_row(
        &mut self,
        types: &Typespace,
        table: &str,
        shape: &ProductType,
        value: &ProductValue,
        rng: &mut StdRng,
    ) {
        self.gathered = Some(Row { table: table.to_owned(), ..Row::default() });
        self.learn_product(types, shape, value, rng);
        let row = self.gathered.take().unwrap_or_default();
        for key in row.values.keys() {
            self.rows_with.entry(key.clone()).or_default().push(self.rows.len());
        }
        self.rows.push(row);
    }

    /// A row that has a value for one of the parameters, and of a few such the one that the entry point may be about.
    pub fn choose_row(
        &self,
        types: &Typespace,
        entry_point: &str,
        params: &ProductType,
        rng: &mut StdRng,
    ) -> Option<&Row> {
        let mut keys = Vec::new();
        collect_keys(types, params, &mut keys);
        let known: Vec<_> = keys.iter().filter_map(|key| self.rows_with.get(key)).collect();
        let candidates = (0..CANDIDATES).filter_map(|_| self.rows.get(*known.choose(rng)?.choose(rng)?));
        candidates.max_by_key(|row| row.words_shared_with(entry_point))
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
        if let Some(row) = &mut self.gathered {
            row.values.entry(format!("{shape}:{name}")).or_insert_with(|| encoded.clone());
            if shape == IDENTITY {
                row.values.entry(IDENTITY.to_owned()).or_insert_with(|| encoded.clone());
            }
        }
        for key in [shape.to_owned(), format!("{shape}:{name}")] {
            let values = self.pool.entry(key).or_default();
            if values.len() < POOL_SIZE {
                values.push(encoded.clone());
            } else {
                values[rng.gen_range(0..POOL_SIZE)] = encoded.clone();
            }
        }
    }

    /// Encoded arguments for a function with these parameters, many of them of one row if there is one.
    pub fn draw(&self, types: &Typespace, params: &ProductType, row: Option<&Row>, rng: &mut StdRng) -> Vec<u8> {
        let mut drawing = Drawing { arguments: self, types, row, rng, out: Vec::new() };
        drawing.product(params);
        drawing.out
    }
}

/// Arguments that are being drawn.
struct Drawing<'a> {
    arguments: &'a Arguments,
    types: &'a Typespace,
    row: Option<&'a Row>,
    rng: &'a mut StdRng,
    out: Vec<u8>,
}

impl Drawing<'_> {
    fn product(&mut self, shape: &ProductType) {
        for field in &shape.elements {
            let name = field.name().map(|name| name.to_string()).unwrap_or_default();
            self.value(&name, &field.algebraic_type);
        }
    }

    fn value(&mut self, name: &str, shape: &AlgebraicType) {
        let types = self.types;
        match resolved(types, shape) {
            AlgebraicType::Product(product) => match special_of(product) {
                Some(special) if self.known(special, name) => {}
                _ => self.product(product),
            },
            AlgebraicType::Sum(sum) => {
                let tag = self.rng.gen_range(0..sum.variants.len());
                self.out.push(tag as u8);
                self.value(name, &sum.variants[tag].algebraic_type);
            }
            AlgebraicType::Array(array) => {
                let is_bytes = matches!(resolved(types, &array.elem_ty), AlgebraicType::U8);
                let length = draw_length(is_bytes, self.rng);
                self.out.extend((length as u32).to_le_bytes());
                for _ in 0..length {
                    self.value(name, &array.elem_ty);
                }
            }
            AlgebraicType::String => {
                if !self.known("String", name) {
                    let text = draw_text(self.rng);
                    self.out.extend((text.len() as u32).to_le_bytes());
                    self.out.extend(text.as_bytes());
                }
            }
            AlgebraicType::U32 if self.known("U32", name) => {}
            AlgebraicType::U64 if self.known("U64", name) => {}
            AlgebraicType::Bool => self.out.push(self.rng.gen_range(0..=1)),
            number => draw_number(width_of(number), self.rng, &mut self.out),
        }
    }

    /// Mostly writes what the row has under this name, or a value that is known under it elsewhere, sometimes one of
    /// the same shape.
    fn known(&mut self, shape: &str, name: &str) -> bool {
        if let Some(encoded) = self.row.and_then(|row| row.value(shape, name))
            && self.rng.gen_ratio(9, 10)
        {
            self.out.extend(encoded);
            return true;
        }
        let key = match self.rng.gen_range(0..10) {
            0..=5 => format!("{shape}:{name}"),
            6..=7 => shape.to_owned(),
            _ => return false,
        };
        match self.arguments.pool.get(&key).and_then(|values| values.choose(self.rng)) {
            Some(encoded) => {
                self.out.extend(encoded);
                true
            }
            None => false,
        }
    }
}

/// The keys under which rows may have values for these parameters.
fn collect_keys(types: &Typespace, params: &ProductType, keys: &mut Vec<String>) {
    for field in &params.elements {
        let name = field.name().map(|name| name.to_string()).unwrap_or_default();
        match resolved(types, &field.algebraic_type) {
            AlgebraicType::Product(product) => match special_of(product) {
                Some(special) => keys.push(format!("{special}:{name}")),
                None => collect_keys(types, product, keys),
            },
            AlgebraicType::String if name.ends_with("_id") => keys.push(format!("String:{name}")),
            AlgebraicType::U64 if name.ends_with("_id") => keys.push(format!("U64:{name}")),
            _ => {}
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
