//! The facade's HTTP API as a whole: held against its own description, and served by two facades as if by one.

mod schemathesis;
mod two_facades;
