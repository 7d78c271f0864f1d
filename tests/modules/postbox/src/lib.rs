//! Messages between databases that both run this module: what one puts into its outbox, the other receives.
//!
//! | Item | What it is |
//! | --- | --- |
//! | `send(target, body)` | reducer: puts a message for the database `target` into `outgoing` |
//! | `receive(body)` | reducer: what the other database runs; stores `received`, refuses a body that begins with `refuse` |
//! | `outgoing` | public outbox table: `id`, `target`, `body` |
//! | `received` | public table: `id`, `sender` (the other database), `body`, `received_at` |
//! | `delivery` | public table: one row for each outcome, with `outgoing`, `body` and `error` (`None` for success) |

mod post;
mod receiver;
