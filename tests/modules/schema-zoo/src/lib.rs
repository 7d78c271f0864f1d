//! A module that uses every schema feature, with entry points that do something small and real.
//!
//! The bindings generator's snapshots are made from it, and the node's end-to-end tests publish it.
//! Wire names are in `code`; every table is public unless it says otherwise.
//!
//! | File | Tables | Functions and views |
//! | --- | --- | --- |
//! | `animals` | `animal`, `cage`, `secret_note` (private) | reducers `insert_row`, `update_row`, `delete_row`, `clear_rows`, `write_secret_note`; procedures `register_animal`, `find_animal`, `animal_summary`, `swap_names` |
//! | `views` | | `my_animals`, `animal_totals`, `heavy_animals`, `keyed_animals`, `animals_of_species(species)` |
//! | `echo` | `echo` | reducers `echo_all_types`, `echo_scalars`; procedure `echo_back` |
//! | `letters` | `letter`, `archived_letter` (one struct, two tables), `diary` (row-level security) | reducers `send_letter`, `archive_letter`, `write_diary` |
//! | `events` | `sighting` (event table) | reducer `emit_sightings` |
//! | `schedule` | `feeding` (scheduled), `feeding_record`, `patrol` (scheduled, private) | reducers `schedule_feeding`, `schedule_feeding_every`, `cancel_feeding`, `schedule_patrol`; private: reducer `feed`, procedure `walk_patrol` |
//! | `visitors` | `visitor`, `banned_visitor` (private) | `init`, `client_connected` (refuses a banned identity), `client_disconnected`; reducers `ban_me`, `unban`; procedure `caller_claims` |
//! | `faults` | | reducers `fail_with`, `trap`, `log_line`, `burn_rows`; procedures `trap_in_procedure`, `fail_in_procedure` |
//! | `names` | `WireBadge` (accessor `badge`), `type` (accessor `Type`) | reducers `PinBadge` (Rust `pin_badge`), `match` (Rust `Match`), `delete`; procedure `WireLookup` (Rust `lookup_badge`) |
//! | `outside` | `visit` | HTTP routes `/echo` (any method), `/greeting`, `/visits` (GET, POST, OPTIONS), `/news` (POST), `/zoo/trap`; procedures `read_environment`, `fetch_text`, `new_ids`, `note_twice`, `wait_until` |

mod animals;
mod echo;
mod events;
mod faults;
mod letters;
mod names;
mod outside;
mod schedule;
mod types;
mod views;
mod visitors;
