//! How often a client may ask: each address, each player, and each address for its attempts to log in.
//!
//! Buckets are kept in the process, each facade for itself: behind a balancer, clients get up to as much from each
//! instance. What must hold for all of them together, such as codes by SMS and new accounts, the game module counts.

use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::{Quota, RateLimiter};
use spacetimedb_sdk::Identity;

use super::bounded_states::BoundedStates;
use super::config::{LimitsConfig, RateConfig};
use crate::identity::client_address::client_network;
use crate::metrics::Metrics;
use crate::problem::{Problem, ProblemCode};

/// All limits. Clones share the buckets.
#[derive(Clone)]
pub struct Limits(Arc<Inner>);

struct Inner {
    addresses: Limiter<IpAddr>,
    players: Limiter<[u8; 32]>,
    logins: Limiter<IpAddr>,
    trusted_proxies: usize,
    metrics: Metrics,
}

impl Limits {
    /// Full buckets for everybody.
    pub fn new(config: &LimitsConfig, trusted_proxies: usize, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            addresses: Limiter::new(config.address, config.remembered, DefaultClock::default()),
            players: Limiter::new(config.player, config.remembered, DefaultClock::default()),
            logins: Limiter::new(config.login, config.remembered, DefaultClock::default()),
            trusted_proxies,
            metrics,
        }))
    }

    /// Counts a request of this player.
    pub fn check_player(&self, player: Identity) -> Result<(), Problem> {
        self.spent("player", self.0.players.spend(&player.to_byte_array()))
    }

    fn check_address(&self, request: &Request) -> Result<(), Problem> {
        self.spent("address", self.0.addresses.spend(&self.address(request)))
    }

    fn check_login(&self, request: &Request) -> Result<(), Problem> {
        self.spent("login", self.0.logins.spend(&self.address(request)))
    }

    /// Whoever has no address shares one.
    fn address(&self, request: &Request) -> IpAddr {
        let address = client_network(request.extensions(), request.headers(), self.0.trusted_proxies);
        address.unwrap_or(Ipv4Addr::UNSPECIFIED.into())
    }

    fn spent(&self, scope: &'static str, outcome: Result<(), Duration>) -> Result<(), Problem> {
        outcome.map_err(|wait| {
            self.0.metrics.limited(scope);
            let detail = match scope {
                "login" => "Too many attempts to log in have come from this address. Try again after Retry-After.",
                "player" => "This player sends requests too often. Try again after Retry-After.",
                _ => "Requests come from this address too often. Try again after Retry-After.",
            };
            // Rounded up, so that whoever waits so long is let in.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Problem::new(ProblemCode::TooManyRequests, detail).with("scope", scope).retry_after_s(seconds.max(1))
        })
    }
}

/// Around all routes. Probes are let through: a flood must not make an orchestrator restart what withstands it.
pub async fn by_address(State(limits): State<Limits>, request: Request, next: Next) -> Result<Response, Problem> {
    if !matches!(request.uri().path(), "/health/live" | "/health/ready") {
        limits.check_address(&request)?;
    }
    Ok(next.run(request).await)
}

/// Around the routes of logins: what is posted there, and where the way to a provider begins.
pub async fn of_logins(State(limits): State<Limits>, request: Request, next: Next) -> Result<Response, Problem> {
    if request.method() == Method::POST || request.uri().path() == "/auth/authorize" {
        limits.check_login(&request)?;
    }
    Ok(next.run(request).await)
}

/// One bucket for each key; none at all where nothing is limited.
struct Limiter<K: Eq + Hash + Clone, C: Clock = DefaultClock>(Option<Buckets<K, C>>);

type Buckets<K, C> = RateLimiter<K, BoundedStates<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

impl<K: Eq + Hash + Clone, C: Clock> Limiter<K, C> {
    fn new(rate: RateConfig, clients_max: usize, clock: C) -> Self {
        let Some(per_minute) = NonZeroU32::new(rate.per_minute) else { return Self(None) };
        let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        Self(Some(RateLimiter::new(quota, BoundedStates::new(clients_max), clock)))
    }

    /// Takes one from the bucket, or tells how long it takes until there is one.
    fn spend(&self, key: &K) -> Result<(), Duration> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter.check_key(key).map_err(|refused| refused.wait_time_from(limiter.clock().now()))
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limiter(per_minute: u32, burst: u32) -> (Limiter<u32, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limiter::new(RateConfig { per_minute, burst }, 1024, clock.clone()), clock)
    }

    #[test]
    fn a_bucket_empties_at_once_and_fills_steadily() {
        let (limiter, clock) = limiter(60, 3);
        for _ in 0..3 {
            assert_eq!(limiter.spend(&1), Ok(()));
        }
        assert_eq!(limiter.spend(&1), Err(Duration::from_secs(1)));
        assert_eq!(limiter.spend(&2), Ok(()), "another client has a bucket of its own");
        clock.advance(Duration::from_secs(1));
        assert_eq!(limiter.spend(&1), Ok(()));
        assert!(limiter.spend(&1).is_err());
        clock.advance(Duration::from_secs(3600));
        assert_eq!((0..10).filter(|_| limiter.spend(&1).is_ok()).count(), 3, "no more than the burst is saved up");
    }

    #[test]
    fn a_flood_of_clients_does_not_grow_the_store() {
        let (limiter, _) = limiter(60, 3);
        for client in 0..1_000_000 {
            assert_eq!(limiter.spend(&client), Ok(()));
        }
        let states = limiter.0.map(RateLimiter::into_state_store);
        assert!(states.is_some_and(|states| (512..=1024).contains(&states.len())));
    }

    #[test]
    fn whoever_asks_all_the_time_is_not_forgotten_in_a_flood() {
        let (limiter, _) = limiter(60, 3);
        let refused = (0..100_000).filter(|client| {
            let _ = limiter.spend(&(client + 10));
            limiter.spend(&1).is_err()
        });
        assert!(refused.count() > 90_000);
    }

    #[test]
    fn a_rate_of_nothing_is_no_limit() {
        let (limiter, _) = limiter(0, 1);
        assert!((0..1000).all(|_| limiter.spend(&1).is_ok()));
    }
}
