//! Why a connection ends, and what the client is told.

use spacetimedb_client_api_messages::websocket::common::SESSION_BUSY_CLOSE_CODE;
use spacetimedb_core::worker_metrics::ClientDisconnectCause;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Longest reason that fits a close frame.
const REASON_MAX_BYTES: usize = 123;

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// The client said goodbye.
    ClientClosed,
    /// The connection broke or the client broke the WebSocket protocol.
    Broken(tungstenite::Error),
    /// Nothing came from the client for too long.
    Idle,
    /// The client sent more messages than may wait.
    TooManyMessages,
    /// More bytes wait for the client than the node is willing to hold.
    TooSlow,
    /// A message could not be decoded or carried out.
    BadMessage(String),
    /// The database stopped or its module changed in a way that clients must notice.
    ModuleExited,
    /// Another connection of the same session is still open.
    SessionBusy,
    /// The module's `client_connected` refused.
    Rejected(String),
}

impl Ending {
    /// The close frame to send, unless the connection is past that.
    pub(super) fn close_frame(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::ClientClosed | Self::Idle | Self::TooSlow => return None,
            Self::Broken(tungstenite::Error::Capacity(cause)) => (CloseCode::Size, cause.to_string()),
            Self::Broken(tungstenite::Error::Protocol(cause)) => (CloseCode::Protocol, cause.to_string()),
            Self::Broken(_) => return None,
            Self::TooManyMessages => (CloseCode::Again, "too many requests".to_owned()),
            Self::BadMessage(cause) => (CloseCode::Error, cause.clone()),
            Self::ModuleExited => (CloseCode::Away, "module exited".to_owned()),
            Self::SessionBusy => (CloseCode::from(SESSION_BUSY_CLOSE_CODE), "session busy".to_owned()),
            Self::Rejected(cause) => (CloseCode::Policy, cause.clone()),
        };
        Some(CloseFrame { code, reason: shorten(reason).into() })
    }

    /// The engine's name for it, for the metrics.
    pub(super) fn cause(&self) -> ClientDisconnectCause {
        match self {
            Self::ClientClosed => ClientDisconnectCause::ClientClose,
            Self::Broken(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => {
                ClientDisconnectCause::WebsocketReceiveConnectionClosed
            }
            Self::Broken(_) => ClientDisconnectCause::WebsocketReceiveError,
            Self::Idle => ClientDisconnectCause::IdleTimeout,
            Self::TooManyMessages => ClientDisconnectCause::IncomingQueueFull,
            Self::TooSlow => ClientDisconnectCause::OutgoingQueueFull,
            Self::BadMessage(_) => ClientDisconnectCause::ClientMessageError,
            Self::ModuleExited => ClientDisconnectCause::ModuleExited,
            Self::SessionBusy => ClientDisconnectCause::ConnectionSuperseded,
            Self::Rejected(_) => ClientDisconnectCause::Unknown,
        }
    }
}

/// Cuts a reason to what a close frame can carry, between characters.
fn shorten(mut reason: String) -> String {
    if reason.len() > REASON_MAX_BYTES {
        let end = (0..=REASON_MAX_BYTES).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
        reason.truncate(end);
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_reasons_are_cut_between_characters() {
        let reason = Ending::BadMessage("ä".repeat(100)).close_frame().unwrap().reason;
        assert_eq!(reason.as_str(), "ä".repeat(61));
    }
}
