//! What happens when, drawn from one seed.

use std::fmt::{self, Display};

use clap::ValueEnum;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// Whom a kill hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// The node.
    Node,
    /// The facade.
    Facade,
    /// Both at once.
    Both,
}

impl Victim {
    /// Whether the node is hit.
    pub fn has_node(self) -> bool {
        self != Victim::Facade
    }

    /// Whether the facade is hit.
    pub fn has_facade(self) -> bool {
        self != Victim::Node
    }
}

/// What goes wrong besides the kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Trouble {
    /// The node is stopped (SIGSTOP) for longer than its idle time-out.
    FrozenNode,
    /// The facade is stopped for as long, or for longer than the lease of its work.
    FrozenFacade,
    /// The disk of the node is full.
    FullNodeDisk,
    /// The disk of the facade is full.
    FullFacadeDisk,
    /// The node can write nothing.
    FailingWrites,
    /// What the node writes arrives in part.
    TornWrites,
    /// The node can make nothing durable.
    FailingSync,
    /// The facade can write nothing.
    FailingFacadeWrites,
    /// What the facade writes arrives in part.
    TornFacadeWrites,
    /// The facade can make nothing durable.
    FailingFacadeSync,
    /// Node and facade are killed, and what they had not made durable is lost.
    PowerCut,
    /// Clients hear nothing of node and facade, and those nothing of them, until the network is back.
    SilentClients,
    /// The node's cable is pulled.
    UnpluggedNode,
    /// Connections between clients and node, and between clients and facade, are cut, and new ones too.
    CutClients,
    /// Facade and node do not hear of each other until the network is back.
    SilentFacade,
    /// Connections between facade and node are cut, and new ones too.
    CutFacade,
    /// What the node answers to facade and clients is lost.
    LostAnswers,
    /// Everything takes longer to arrive, everywhere.
    SlowNetwork,
    /// The clock of the node jumps.
    NodeClock,
    /// The clock of the facade jumps.
    FacadeClock,
    /// The game module is swapped for another one.
    HotSwap,
    /// The node is killed while a module is being published.
    KilledPublish,
    /// A copy of the commit log ends early.
    TruncatedLog,
    /// A bit near the end of a copy of the commit log is flipped.
    FlippedLog,
}

impl Trouble {
    /// The shortest and longest time that it lasts, in milliseconds.
    fn lasts_ms(self) -> std::ops::Range<u64> {
        match self {
            // Longer than the idle time-out of the node's connections.
            Trouble::FrozenNode => 1_800..2_600,
            // The lease ends after 5 s.
            Trouble::FrozenFacade => 1_800..8_000,
            Trouble::SilentClients | Trouble::SilentFacade | Trouble::UnpluggedNode | Trouble::LostAnswers => {
                300..2_200
            }
            Trouble::NodeClock | Trouble::FacadeClock => 1_100..2_000,
            Trouble::KilledPublish => 5..500,
            Trouble::TruncatedLog | Trouble::FlippedLog | Trouble::HotSwap => 0..1,
            _ => 200..1_200,
        }
    }

    /// Whether it shows by what a preloaded disk has done to a program: to the node, or else to the facade.
    pub fn spoils_disk_of_node(self) -> Option<bool> {
        match self {
            Trouble::FailingWrites | Trouble::TornWrites | Trouble::FailingSync | Trouble::PowerCut => Some(true),
            Trouble::FailingFacadeWrites | Trouble::TornFacadeWrites | Trouble::FailingFacadeSync => Some(false),
            _ => None,
        }
    }

    /// Whether a kill is part of it.
    fn kills(self) -> bool {
        matches!(self, Trouble::PowerCut | Trouble::KilledPublish | Trouble::TruncatedLog | Trouble::FlippedLog)
    }

    /// Whom the kill may hit.
    fn victims(self) -> &'static [Victim] {
        match self {
            Trouble::PowerCut => &[Victim::Both],
            _ if self.kills() => &[Victim::Node, Victim::Both],
            _ => &[Victim::Node, Victim::Facade, Victim::Both],
        }
    }

    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// One cycle: some load, trouble, and a kill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Its number, from 1.
    pub number: u32,
    /// How long clients play in peace before.
    pub quiet_ms: u64,
    /// What goes wrong.
    pub trouble: Trouble,
    /// For how long.
    pub trouble_ms: u64,
    /// Whether the kill comes before the trouble is over.
    pub is_killed_in_trouble: bool,
    /// Who is killed.
    pub killed: Victim,
    /// How long it is away.
    pub dead_ms: u64,
    /// After how long it is killed again while it comes back, if it is.
    pub killed_again_ms: Option<u64>,
    /// Draws what the trouble itself needs.
    pub seed: u64,
}

impl Display for Cycle {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, quiet_ms, trouble, trouble_ms, killed, dead_ms, .. } = self;
        let when = if self.is_killed_in_trouble { "meanwhile" } else { "afterwards" };
        write!(text, "cycle {number}: {quiet_ms} ms of peace, {trouble:?} for {trouble_ms} ms, ")?;
        write!(text, "SIGKILL of {killed:?} {when}, {dead_ms} ms away")?;
        self.killed_again_ms.map_or(Ok(()), |ms| write!(text, ", once more {ms} ms after it was started"))
    }
}

/// The cycles of a seed: every trouble in turn, in an order that is drawn anew each time round. More cycles of a seed
/// begin with the same ones.
pub fn cycles(seed: u64, count: u32, troubles: &[Trouble]) -> Vec<Cycle> {
    let all = Trouble::value_variants();
    let troubles = if troubles.is_empty() { all } else { troubles };
    let mut chance = StdRng::seed_from_u64(seed);
    let mut deck: Vec<Trouble> = Vec::new();
    let draw = |number| {
        if deck.is_empty() {
            deck.extend(troubles);
            deck.shuffle(&mut chance);
        }
        let trouble = deck.pop().unwrap_or(Trouble::FrozenNode);
        Cycle {
            number,
            quiet_ms: chance.gen_range(50..600),
            trouble,
            trouble_ms: chance.gen_range(trouble.lasts_ms()),
            is_killed_in_trouble: trouble.kills() || chance.gen_bool(0.5),
            killed: trouble.victims().choose(&mut chance).copied().unwrap_or(Victim::Node),
            dead_ms: chance.gen_range(0..400),
            killed_again_ms: chance.gen_bool(0.25).then(|| chance.gen_range(0..300)),
            seed: chance.r#gen(),
        }
    };
    (1..=count).map(draw).collect()
}
