//! Payments between wallets under idempotency keys, and confirmed reads of whatever wallet.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use spacetimedb_lib::Identity;
use tokio::time::sleep;
use worldloom_client::{
    ProfileWalletBalance, ProfileWalletLedger, WalletCurrency, WalletPostingRequest, WalletTransferRequest,
};

use super::super::checks::ledger::{Purse, WalletAsked, WalletCall};
use super::super::history::{Asked, Told};
use super::caller::{Attempts, Caller, Settled};
use super::progress::Work;
use super::{Ground, locked};

const CURRENCY: WalletCurrency = WalletCurrency::Coins;
/// What a wallet begins with.
const WELCOME: u64 = 1_000;
/// Payments of a wallet before its owner opens another one: the module allows 100 a day.
const PAYMENTS_MAX: u32 = 90;
/// Wallets that are used at a time; older ones rest.
const IN_USE: usize = 8;
/// The client that opens the last wallet of all.
const LAST_CLIENT: u32 = u32::MAX;
/// Longest pause between two requests of a client.
const PAUSE_MAX_MS: u64 = 40;

/// A client.
struct Payer {
    ground: Arc<Ground>,
    number: u32,
    chance: StdRng,
    cashier: Caller,
    /// How many requests it has written down.
    asked: usize,
}

/// Pays and looks until the run is over.
pub async fn pay(ground: Arc<Ground>, number: u32, chance: StdRng) -> anyhow::Result<()> {
    let cashier = cashier(&ground);
    let mut payer = Payer { ground, number, chance, cashier, asked: 0 };
    while !payer.ground.is_over() {
        let Some((wallet, mut caller)) = payer.open_wallet().await? else { break };
        let mut payments = 0;
        while payments < PAYMENTS_MAX && !payer.ground.is_over() {
            if payer.chance.gen_bool(0.6) {
                payer.transfer(wallet, &mut caller).await;
                payments += 1;
            } else {
                payer.read().await;
            }
            let pause = payer.chance.gen_range(0..=PAUSE_MAX_MS);
            sleep(Duration::from_millis(pause)).await;
        }
    }
    Ok(())
}

impl Payer {
    /// A wallet of a new player with money in it, ready to be paid into by others.
    async fn open_wallet(&mut self) -> anyhow::Result<Option<(u32, Caller)>> {
        let Some(account) = self.ground.account().await else { return Ok(None) };
        let owner = Identity::from_hex(&account.identity)?;
        let (wallet, asked) = credit(&self.ground, &mut self.cashier, self.number, owner).await?;
        self.take_down(asked);
        Ok(Some((wallet, Caller::new(&self.ground, &account.token))))
    }

    async fn transfer(&mut self, from: u32, caller: &mut Caller) {
        let to = self.some_wallet();
        if to == from {
            return;
        }
        // A little, and now and then more than there can be.
        let amount = if self.chance.gen_bool(0.03) { WELCOME * 1_000 } else { self.chance.gen_range(1..=5) };
        // Half of the clients forget what they get no answer to.
        let attempts = if self.chance.gen_bool(0.5) { Attempts::One } else { Attempts::UntilAnswered };
        let mark = format!("transfer-{}-{}", self.number, self.asked);
        let recipient = locked(&self.ground.wallets)[to as usize];
        let request = WalletTransferRequest {
            idempotency_key: mark.clone(),
            recipient,
            currency: CURRENCY,
            amount,
            reason: mark.clone(),
        };
        let args = (None::<Identity>, request);
        let settled = caller.settle("transfer_profile_wallet_and_return", &args, attempts).await;
        self.note(WalletCall::Transfer { mark, from, to, amount }, settled, left);
    }

    async fn read(&mut self) {
        let wallet = self.some_wallet();
        let owner = locked(&self.ground.wallets)[wallet as usize];
        let args = (Some(owner),);
        let settled = self.cashier.settle("get_profile_wallet_and_return", &args, Attempts::One).await;
        self.note(WalletCall::Read { wallet }, settled, |balances: Vec<ProfileWalletBalance>| {
            let coins = balances.into_iter().find(|balance| balance.currency == CURRENCY);
            coins.map_or(Purse::EMPTY, |coins| Purse { lines: coins.ledger_length, balance: coins.balance })
        });
    }

    /// One of those that are in use.
    fn some_wallet(&mut self) -> u32 {
        let count = locked(&self.ground.wallets).len();
        let number = self.chance.gen_range(count.saturating_sub(IN_USE)..count);
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    fn note<T>(&mut self, call: WalletCall, settled: Settled<T>, purse: impl FnOnce(T) -> Purse) {
        let Settled { begun, ended, told } = settled;
        self.take_down(Asked { client: self.number, call, begun, ended, told: told.map(purse) });
    }

    fn take_down(&mut self, asked: WalletAsked) {
        // A read says nothing about whether money can be moved again.
        if let (Told::Done(_), Some(mark)) = (&asked.told, asked.call.mark()) {
            self.ground.note_log_place(mark);
            self.ground.progress.acknowledged(Work::Wallets, asked.begun);
        }
        self.asked += 1;
        self.ground.write_down(|histories| histories.wallets.push(asked));
    }
}

/// Opens a last wallet, for somebody who does nothing with it.
pub async fn welcome(ground: &Arc<Ground>, owner: Identity) -> anyhow::Result<()> {
    let (_, asked) = credit(ground, &mut cashier(ground), LAST_CLIENT, owner).await?;
    ground.write_down(|histories| histories.wallets.push(asked));
    Ok(())
}

/// Brings in what a wallet begins with, however long it takes.
async fn credit(
    ground: &Ground,
    cashier: &mut Caller,
    client: u32,
    owner: Identity,
) -> anyhow::Result<(u32, WalletAsked)> {
    let wallet = ground.register_wallet(owner)?;
    let mark = format!("credit-{wallet}");
    let posting = WalletPostingRequest {
        idempotency_key: mark.clone(),
        currency: CURRENCY,
        amount: WELCOME,
        reason: mark.clone(),
    };
    let args = (Some(owner), posting);
    let Settled { begun, ended, told } =
        cashier.settle("credit_profile_wallet_and_return", &args, Attempts::UntilAnswered).await;
    let call = WalletCall::Credit { mark, wallet, amount: WELCOME };
    Ok((wallet, Asked { client, call, begun, ended, told: told.map(left) }))
}

fn cashier(ground: &Arc<Ground>) -> Caller {
    Caller::new(ground, &ground.places.cashier.token)
}

fn left(line: ProfileWalletLedger) -> Purse {
    Purse { lines: line.sequence, balance: line.balance_after }
}
