//! One struct that serves two tables, and a table whose rows are filtered per reader.

use spacetimedb::{Filter, Identity, ReducerContext, Table, Timestamp, client_visibility_filter, reducer, table};

/// A letter, open in `letter` or put away in `archived_letter`.
#[table(accessor = letter, public)]
#[table(accessor = archived_letter, public, index(accessor = by_sender, btree(columns = [sender])))]
pub struct Letter {
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    pub sender: Identity,
    #[index(btree)]
    pub recipient: Identity,
    pub body: String,
    pub sent_at: Timestamp,
}

/// A diary entry, which only its author may read.
#[table(accessor = diary, public)]
pub struct Diary {
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    #[index(btree)]
    pub author: Identity,
    pub text: String,
}

#[client_visibility_filter]
const OWN_DIARY_ONLY: Filter = Filter::Sql("SELECT * FROM diary WHERE author = :sender");

/// Puts a letter into `letter`.
#[reducer]
pub fn send_letter(ctx: &ReducerContext, recipient: Identity, body: String) {
    ctx.db.letter().insert(Letter { id: 0, sender: ctx.sender(), recipient, body, sent_at: ctx.timestamp });
}

/// Moves a letter of the caller's from `letter` to `archived_letter`.
#[reducer]
pub fn archive_letter(ctx: &ReducerContext, id: u64) -> Result<(), String> {
    let letter = ctx.db.letter().id().find(id).ok_or_else(|| format!("There is no letter {id}."))?;
    if ctx.sender() != letter.recipient {
        return Err(format!("Letter {id} is not addressed to you."));
    }
    ctx.db.letter().id().delete(id);
    ctx.db.archived_letter().insert(letter);
    Ok(())
}

/// Adds an entry to the caller's diary.
#[reducer]
pub fn write_diary(ctx: &ReducerContext, text: String) {
    ctx.db.diary().insert(Diary { id: 0, author: ctx.sender(), text });
}
