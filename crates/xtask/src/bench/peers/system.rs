//! What is measured: each system, what it takes part in, and what it speaks.

use clap::ValueEnum;

use super::Workload;

/// Between two messages of a room with ticks: the delay that ticks add at most.
const TICK_MILLIS: u32 = 20;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum System {
    /// This product, over the SDK's WebSocket.
    Node,
    /// This product, over the SDK's WebSocket, with what members of rooms do published in ticks.
    NodeTicking,
    /// This product, by single calls over HTTP, each over a connection of its own.
    NodeHttp,
    /// This product, through the facade.
    Facade,
    /// axum before PostgreSQL, each request with a connection for itself.
    AxumPooled,
    /// axum before PostgreSQL, requests pipelined over shared connections.
    AxumPipelined,
    /// Express and tRPC before PostgreSQL.
    Express,
    /// FastAPI before PostgreSQL.
    Fastapi,
    /// Colyseus, with what members see of each other in the room's state: what its manual teaches.
    ColyseusState,
    /// The same, with changes sent as often as this product publishes in ticks, and not as seldom as is usual.
    ColyseusStateTicking,
    /// Colyseus, with a message to the room for each move.
    ColyseusMessages,
    /// A plain WebSocket server that hands bytes on.
    Ws,
}

/// When an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When the write is on disk.
    Durable,
    /// When it is visible to others; the disk follows.
    Relaxed,
}

/// How calls that a client has under way at the same time travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wires {
    /// Over the client's one connection, one after the other.
    PerClient,
    /// Over a connection each. Some servers work off the calls of a connection one by one, and would have no more
    /// of them under way than there are clients.
    PerCall,
}

/// How a system before PostgreSQL is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// Processes; axum has one with a thread for each core.
    pub processes: u32,
    /// Connections to PostgreSQL, of all processes together.
    pub connections: u32,
    /// Connections to clients.
    pub wires: Wires,
}

impl Durability {
    /// What the report calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::Relaxed => "relaxed",
        }
    }
}

impl System {
    /// What the report calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Node => "this product, SDK's WebSocket",
            Self::NodeTicking => "this product, every 20 ms",
            Self::NodeHttp => "this product, one HTTP call",
            Self::Facade => "this product, facade",
            Self::AxumPooled => "axum + PostgreSQL, pooled",
            Self::AxumPipelined => "axum + PostgreSQL, pipelined",
            Self::Express => "Express + tRPC + PostgreSQL",
            Self::Fastapi => "FastAPI + PostgreSQL",
            Self::ColyseusState => "Colyseus, room state",
            Self::ColyseusStateTicking => "Colyseus, room state every 20 ms",
            Self::ColyseusMessages => "Colyseus, messages",
            Self::Ws => "plain `ws`",
        }
    }

    /// Whether it takes part in a workload. Clients load their rows at the node, and see each other there: the facade
    /// has no part in that.
    pub fn is_measured_by(self, workload: Workload) -> bool {
        match self {
            Self::Node => true,
            Self::NodeHttp => workload == Workload::Session,
            Self::Facade => matches!(workload, Workload::Wallet | Workload::Growth),
            Self::NodeTicking
            | Self::ColyseusState
            | Self::ColyseusStateTicking
            | Self::ColyseusMessages
            | Self::Ws => workload == Workload::Rooms,
            _ => self.is_before_postgres() && workload != Workload::Rooms,
        }
    }

    /// Whether its server runs on Node.js.
    pub fn is_on_node_js(self) -> bool {
        matches!(self, Self::Express | Self::Ws) || self.is_colyseus()
    }

    /// Whether it is Colyseus, in any way.
    pub fn is_colyseus(self) -> bool {
        matches!(self, Self::ColyseusState | Self::ColyseusStateTicking | Self::ColyseusMessages)
    }

    /// Milliseconds between two messages of a room, for systems that are told so.
    pub fn tick_millis(self) -> Option<u32> {
        matches!(self, Self::NodeTicking | Self::ColyseusStateTicking).then_some(TICK_MILLIS)
    }

    /// Whether it keeps what it knows in PostgreSQL.
    pub fn is_before_postgres(self) -> bool {
        matches!(self, Self::AxumPooled | Self::AxumPipelined | Self::Express | Self::Fastapi)
    }

    /// The protocol and the path by which a client makes transfers.
    pub fn speaks(self) -> (&'static str, &'static str) {
        match self {
            Self::Node => ("node", ""),
            Self::Express => ("trpc", ""),
            _ => ("http", "/transfers"),
        }
    }

    /// The protocol by which a client is a member of a room.
    pub fn speaks_in_rooms(self) -> &'static str {
        match self {
            Self::NodeTicking => "node-ticking",
            Self::ColyseusState | Self::ColyseusStateTicking => "colyseus-state",
            Self::ColyseusMessages => "colyseus-messages",
            Self::Ws => "plain",
            _ => "node",
        }
    }

    /// The path by which a client starts a session, for a system before PostgreSQL.
    pub fn session_path(self) -> &'static str {
        if self == Self::Express { "/trpc/session" } else { "/session" }
    }

    /// Which set-ups are tried out for a workload.
    pub fn setups(self, workload: Workload) -> Vec<Setup> {
        let (processes, connections) = self.sizes(workload);
        let mut setups = Vec::new();
        for &processes in processes {
            // Every process has one at least.
            for &connections in connections.iter().filter(|&&connections| connections >= processes) {
                let each = self.wires(workload).iter();
                setups.extend(each.map(|&wires| Setup { processes, connections, wires }));
            }
        }
        setups
    }

    /// Numbers of processes, and of connections to PostgreSQL. Session starts are reads, which do well with fewer
    /// connections than writes, each of which waits for the disk.
    fn sizes(self, workload: Workload) -> (&'static [u32], &'static [u32]) {
        let is_reading = workload == Workload::Session;
        match self {
            Self::AxumPooled if is_reading => (&[1], &[4, 8, 16, 32, 64]),
            Self::AxumPooled => (&[1], &[8, 16, 32, 64]),
            Self::AxumPipelined if is_reading => (&[1], &[1, 2, 4, 8, 16, 32]),
            Self::AxumPipelined => (&[1], &[2, 4, 8, 16, 32]),
            Self::Express | Self::Fastapi if is_reading => (&[1, 2, 4], &[2, 4, 8, 16, 32]),
            Self::Express | Self::Fastapi => (&[1, 2, 4], &[8, 16, 32]),
            _ => (&[], &[]),
        }
    }

    /// Session starts have a connection each anyway, and Node.js works on the calls of a connection side by side.
    fn wires(self, workload: Workload) -> &'static [Wires] {
        match (self, workload) {
            (Self::Express, _) | (_, Workload::Session) => &[Wires::PerClient],
            _ => &[Wires::PerClient, Wires::PerCall],
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::System::{
        self, AxumPipelined, AxumPooled, ColyseusMessages, ColyseusState, ColyseusStateTicking, Express, Facade,
        Fastapi, Node, NodeHttp, NodeTicking, Ws,
    };
    use super::{Wires, Workload};

    #[test]
    fn systems_have_a_part_in_what_they_are_made_for() {
        let of = |workload| -> Vec<System> {
            System::value_variants().iter().copied().filter(|system| system.is_measured_by(workload)).collect()
        };
        assert_eq!(of(Workload::Wallet), [Node, Facade, AxumPooled, AxumPipelined, Express, Fastapi]);
        assert_eq!(of(Workload::Growth), of(Workload::Wallet));
        assert_eq!(of(Workload::Session), [Node, NodeHttp, AxumPooled, AxumPipelined, Express, Fastapi]);
        assert_eq!(of(Workload::Rooms), [Node, NodeTicking, ColyseusState, ColyseusStateTicking, ColyseusMessages, Ws]);
    }

    #[test]
    fn whoever_serves_a_connection_call_by_call_is_tried_with_a_connection_for_each_call() {
        let has_one_for_each_call =
            |system: System, workload| system.setups(workload).iter().any(|setup| setup.wires == Wires::PerCall);
        for system in [AxumPooled, AxumPipelined, Fastapi] {
            assert!(has_one_for_each_call(system, Workload::Wallet), "{system:?}");
            assert!(!has_one_for_each_call(system, Workload::Session), "{system:?}");
        }
        assert!(!has_one_for_each_call(Express, Workload::Wallet));
        assert!(Node.setups(Workload::Wallet).is_empty());
    }

    #[test]
    fn the_documented_number_of_set_ups_is_tried() {
        let tried =
            |workload| [AxumPooled, AxumPipelined, Express, Fastapi].map(|system| system.setups(workload).len());
        assert_eq!(tried(Workload::Wallet), [8, 10, 9, 18]);
        assert_eq!(tried(Workload::Session), [5, 6, 14, 14]);
    }
}
