//! Who watches views of a database, counted by the node as well.
//!
//! The engine counts for each view how often an identity has subscribed to it, and keeps the view for as long as it
//! counts anything. Each message that subscribes adds one. But a connection that ends takes off one in all, however
//! many of its messages had the view, and nothing for a set that was refused for its rows or replaced by another
//! (`remove_subscriber` of `spacetimedb-core` 2.14). There is no way to ask how much it counts. So the node counts what
//! may be left: each message of a connection but its first, and each refusal. Once an identity has no connection any
//! more, it watches nothing, and as much is taken off. The engine stops at zero by itself.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use spacetimedb_datastore::locking_tx_datastore::state_view::StateView;
use spacetimedb_datastore::locking_tx_datastore::{MutTxId, ViewCallInfo, ViewInstanceArgs};
use spacetimedb_datastore::system_tables::{ST_VIEW_ID, ST_VIEW_PARAM_ID, StViewParamRow, StViewRow};
use spacetimedb_lib::Identity;

/// Subscriptions that are taken off in one transaction. Others get their turn in between.
const SUBSCRIPTIONS_AT_ONCE: usize = 64;

/// Who watches views of one database.
#[derive(Default)]
pub struct Watchers(Mutex<HashMap<Identity, Watching>>);

#[derive(Default)]
struct Watching {
    connections: usize,
    /// Subscriptions that the engine may count when nobody is there any more, and that have not been taken off.
    subscriptions: usize,
}

/// A connection that may watch views. To be dropped only when the engine has done all that it was given for it.
pub struct Watcher {
    watchers: Arc<Watchers>,
    identity: Identity,
    has_subscribed: AtomicBool,
}

impl Watcher {
    /// A connection of this identity.
    pub fn new(watchers: Arc<Watchers>, identity: Identity) -> Self {
        watchers.0.lock().entry(identity).or_default().connections += 1;
        Self { watchers, identity, has_subscribed: AtomicBool::new(false) }
    }

    /// The engine is about to be given a message that subscribes to something. It takes off one by itself when the
    /// connection ends.
    pub fn note_subscription(&self) {
        if self.has_subscribed.swap(true, Ordering::Relaxed) {
            self.note_left();
        }
    }

    /// The engine has refused such a message, and may have counted it.
    pub fn note_refusal(&self) {
        self.note_left();
    }

    fn note_left(&self) {
        self.watchers.change(self.identity, |watching| watching.subscriptions += 1);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.watchers.change(self.identity, |watching| watching.connections -= 1);
    }
}

impl Watchers {
    /// Identities that watch nothing any more, with subscriptions to take off: a few at a time.
    pub(super) fn gone(&self) -> Vec<(Identity, usize)> {
        let mut room = SUBSCRIPTIONS_AT_ONCE;
        let identities = self.0.lock();
        let gone = identities.iter().filter(|(_, watching)| watching.connections == 0);
        let some = gone.map_while(|(identity, watching)| {
            let taken = watching.subscriptions.min(room);
            room -= taken;
            (taken > 0).then_some((*identity, taken))
        });
        some.collect()
    }

    /// These subscriptions have been taken off.
    pub(super) fn forget(&self, taken_off: &[(Identity, usize)]) {
        for (identity, subscriptions) in taken_off {
            self.change(*identity, |watching| watching.subscriptions -= subscriptions);
        }
    }

    fn change(&self, identity: Identity, change: impl FnOnce(&mut Watching)) {
        let mut identities = self.0.lock();
        let Entry::Occupied(mut known) = identities.entry(identity) else { return };
        change(known.get_mut());
        if known.get().connections == 0 && known.get().subscriptions == 0 {
            known.remove();
        }
    }
}

/// Takes off subscriptions of identities that watch nothing any more.
pub(super) fn take_off(transaction: &mut MutTxId, gone: &[(Identity, usize)]) -> anyhow::Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let views = Views::of(transaction)?;
    for (identity, subscriptions) in gone {
        for call in views.calls(*identity) {
            for _ in 0..*subscriptions {
                transaction.unsubscribe_view(call.clone(), *identity)?;
            }
        }
    }
    Ok(())
}

/// What it takes to name every call of a view that an identity may be counted for, without going through the calls of
/// everybody for each identity.
struct Views {
    without_parameters: Vec<StViewRow>,
    /// Calls of the others.
    calls_with_arguments: Vec<(ViewCallInfo, ViewInstanceArgs)>,
}

impl Views {
    fn of(transaction: &MutTxId) -> anyhow::Result<Self> {
        let views = transaction.iter(ST_VIEW_ID)?.map(StViewRow::try_from).collect::<Result<Vec<_>, _>>()?;
        let parameters = transaction.iter(ST_VIEW_PARAM_ID)?.map(StViewParamRow::try_from);
        let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
        let has_parameters = |view: &StViewRow| parameters.iter().any(|parameter| parameter.view_id == view.view_id);
        let (with_parameters, without_parameters): (Vec<_>, Vec<_>) = views.into_iter().partition(has_parameters);
        let calls = |view: &StViewRow| transaction.materialized_view_instances_for_view(view.view_id);
        Ok(Self { without_parameters, calls_with_arguments: with_parameters.iter().flat_map(calls).collect() })
    }

    fn calls(&self, identity: Identity) -> impl Iterator<Item = ViewCallInfo> {
        let without_arguments = self.without_parameters.iter().map(move |view| {
            if view.is_anonymous {
                ViewCallInfo::anonymous(view.view_id)
            } else {
                ViewCallInfo::sender(view.view_id, identity)
            }
        });
        let may_be_counted = move |args: &ViewInstanceArgs| args.sender().is_none_or(|sender| sender == identity);
        let with_arguments = self.calls_with_arguments.iter().filter(move |(_, args)| may_be_counted(args));
        without_arguments.chain(with_arguments.map(|(call, _)| call.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_connection_left_is_gone() {
        let watchers = Arc::<Watchers>::default();
        let connect = |identity| Watcher::new(watchers.clone(), identity);
        let (first, second, silent) = (connect(Identity::ONE), connect(Identity::ONE), connect(Identity::ZERO));
        (0..2).for_each(|_| first.note_subscription());
        second.note_subscription();
        second.note_refusal();
        drop((first, silent));
        assert!(watchers.gone().is_empty());
        drop(second);
        assert_eq!(watchers.gone(), [(Identity::ONE, 2)]);
        let returned = connect(Identity::ONE);
        assert!(watchers.gone().is_empty());
        // What has been taken off meanwhile was that of the connections before.
        (0..2).for_each(|_| returned.note_subscription());
        watchers.forget(&[(Identity::ONE, 2)]);
        drop(returned);
        assert_eq!(watchers.gone(), [(Identity::ONE, 1)]);
        watchers.forget(&[(Identity::ONE, 1)]);
        assert!(watchers.0.lock().is_empty());
    }

    #[test]
    fn whoever_subscribes_once_leaves_nothing() {
        let watchers = Arc::<Watchers>::default();
        Watcher::new(watchers.clone(), Identity::ONE).note_subscription();
        assert!(watchers.0.lock().is_empty());
    }

    #[test]
    fn a_few_subscriptions_are_taken_off_at_a_time() {
        let watchers = Arc::<Watchers>::default();
        let busy = Watcher::new(watchers.clone(), Identity::ONE);
        (0..101).for_each(|_| busy.note_subscription());
        drop(busy);
        for expected in [64, 36] {
            let gone = watchers.gone();
            assert_eq!(gone, [(Identity::ONE, expected)]);
            watchers.forget(&gone);
        }
        assert!(watchers.gone().is_empty());
    }
}
