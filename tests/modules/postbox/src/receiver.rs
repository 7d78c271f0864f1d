//! What the macro of an outbox needs to know about the receiving database, which runs this module too.
//!
//! A test of the bindings generator compares the signature's hash with the built module.

use spacetimedb::spacetimedb_lib::AlgebraicType;
use spacetimedb::spacetimedb_lib::de::Deserializer;
use spacetimedb::spacetimedb_lib::sats::typespace::TypespaceBuilder;
use spacetimedb::spacetimedb_lib::ser::Serializer;
use spacetimedb::{Deserialize, Serialize, SpacetimeType};

/// The identity of a database that runs this module, stored as a plain identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity(pub spacetimedb::Identity);

impl SpacetimeType for Identity {
    fn make_type<S: TypespaceBuilder>(typespace: &mut S) -> AlgebraicType {
        spacetimedb::Identity::make_type(typespace)
    }
}

impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        spacetimedb::Identity::deserialize(deserializer).map(Self)
    }
}

/// The reducer `receive` of the other database.
#[expect(non_camel_case_types, reason = "the macro refers to a remote reducer by its name")]
pub struct receive;

/// The arguments of [`receive`].
#[derive(Serialize, Deserialize)]
#[sats(crate = spacetimedb::spacetimedb_lib)]
pub struct ReceiveArgs {
    body: String,
}

impl spacetimedb::rt::RemoteReducer for receive {
    const NAME: &'static str = "receive";
    const SIGNATURE_HASH: &'static str = "386957a94632958d5ae8343e258f3a6f9dce9d7dafc46831050894baa7a4e4e1";
    type Args = ReceiveArgs;
}

/// The position of the column that is sent as the parameter `name`; compilation fails without one.
#[expect(clippy::panic, reason = "runs when the module is compiled")]
pub const fn column_of(name: &str, columns: &[(u16, &str)]) -> u16 {
    let mut next = 0;
    while next < columns.len() {
        let (position, parameter) = columns[next];
        if same(name.as_bytes(), parameter.as_bytes()) {
            return position;
        }
        next += 1;
    }
    panic!("the outbox has no column for a parameter of the receiving reducer");
}

/// Equality of strings, which the standard library does not offer at compile time.
const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut next = 0;
    while next < one.len() && next < other.len() && one[next] == other[next] {
        next += 1;
    }
    next == one.len() && next == other.len()
}

/// The columns of an outbox, in the order of the receiving reducer's parameters.
macro_rules! __spacetimedb_typecheck_outbox_receive {
    ($module:path, { $(($position:literal, $field:ident : $ty:ty as $parameter:ident),)* }) => {{
        use $module as receiver;
        const BODY: u16 = receiver::column_of("body", &[$(($position, stringify!($parameter))),*]);
        &[BODY]
    }};
}
pub(crate) use __spacetimedb_typecheck_outbox_receive;
