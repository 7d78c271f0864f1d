//! What client and node agree on before the first message.

use axum::http::{HeaderMap, header};
use serde::Deserialize;
use spacetimedb_client_api_messages::websocket::{common, v1, v2, v3};
use spacetimedb_core::client::{ClientConfig, Protocol, SessionId, WsVersion};
use spacetimedb_lib::ConnectionId;

use crate::config::WebSocketConfig;
use crate::error::ApiError;

/// The query of a subscription request.
#[derive(Debug, Deserialize)]
pub struct HandshakeQuery {
    connection_id: Option<String>,
    #[serde(default)]
    compression: CompressionName,
    #[serde(default)]
    light: bool,
    confirmed: Option<bool>,
    session_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
enum CompressionName {
    None,
    #[default]
    Brotli,
    Gzip,
}

/// The outcome of a negotiation.
#[derive(Debug)]
pub struct Negotiated {
    /// The chosen subprotocol, to be named in the response.
    pub subprotocol: &'static str,
    /// How the engine is to serve this client.
    pub config: ClientConfig,
    /// The client's connection id, or a fresh one.
    pub connection_id: ConnectionId,
    /// The client's session, if it keeps one over reconnects.
    pub session: Option<SessionId>,
}

/// What the node speaks, best first.
const SUBPROTOCOLS: [(&str, WsVersion, Protocol); 4] = [
    (v3::BIN_PROTOCOL, WsVersion::V3, Protocol::Binary),
    (v2::BIN_PROTOCOL, WsVersion::V2, Protocol::Binary),
    (v1::BIN_PROTOCOL, WsVersion::V1, Protocol::Binary),
    (v1::TEXT_PROTOCOL, WsVersion::V1, Protocol::Text),
];

/// Chooses a subprotocol and reads the options.
pub fn negotiate(
    headers: &HeaderMap,
    query: &HandshakeQuery,
    limits: &WebSocketConfig,
) -> Result<Negotiated, ApiError> {
    let offered = offered_subprotocols(headers);
    let best = SUBPROTOCOLS.iter().find(|(name, ..)| offered.contains(name));
    let Some(&(subprotocol, version, protocol)) = best else {
        let sentence = "Offer one of the subprotocols v3.bsatn.spacetimedb, v2.bsatn.spacetimedb, \
                        v1.bsatn.spacetimedb or v1.json.spacetimedb.";
        return Err(ApiError::bad_request("no_common_subprotocol", sentence));
    };
    let config = ClientConfig {
        protocol,
        version,
        compression: match query.compression {
            CompressionName::None => common::Compression::None,
            CompressionName::Brotli => common::Compression::Brotli,
            CompressionName::Gzip if limits.gzip => common::Compression::Gzip,
            // Any client reads messages that are not compressed.
            CompressionName::Gzip => common::Compression::None,
        },
        tx_update_full: !query.light,
        // v1 clients came before confirmed reads and do not expect to wait.
        confirmed_reads: query.confirmed.unwrap_or(version != WsVersion::V1),
    };
    let connection_id = connection_id(query.connection_id.as_deref())?;
    Ok(Negotiated { subprotocol, config, connection_id, session: session(query.session_id.as_deref())? })
}

fn offered_subprotocols(headers: &HeaderMap) -> Vec<&str> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',').map(str::trim)).collect()
}

fn connection_id(text: Option<&str>) -> Result<ConnectionId, ApiError> {
    let Some(text) = text else { return Ok(fresh_connection_id()) };
    match ConnectionId::from_hex(text) {
        Ok(id) if id != ConnectionId::ZERO => Ok(id),
        _ => {
            let sentence = "`connection_id` must be 32 hexadecimal digits that are not all zero; or leave it out.";
            Err(ApiError::bad_request("invalid_connection_id", sentence))
        }
    }
}

/// A connection id that nobody else has.
pub fn fresh_connection_id() -> ConnectionId {
    ConnectionId::from_le_byte_array(*uuid::Uuid::new_v4().as_bytes())
}

fn session(text: Option<&str>) -> Result<Option<SessionId>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    match u128::from_str_radix(text, 16) {
        Ok(id) if text.len() == 32 => Ok(Some(SessionId::from_u128(id))),
        _ => Err(ApiError::bad_request("invalid_session_id", "`session_id` must be 32 hexadecimal digits.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(offer: &str, query: &str) -> Result<Negotiated, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, offer.parse().unwrap());
        let uri = format!("/subscribe?{query}").parse().unwrap();
        negotiate(&headers, &axum::extract::Query::try_from_uri(&uri).unwrap().0, &WebSocketConfig::default())
    }

    #[test]
    fn the_newest_common_protocol_wins_whatever_the_order() {
        let chosen = |offer| negotiated(offer, "").unwrap().subprotocol;
        assert_eq!(chosen("v2.bsatn.spacetimedb, v3.bsatn.spacetimedb"), v3::BIN_PROTOCOL);
        assert_eq!(chosen("v1.json.spacetimedb,v1.bsatn.spacetimedb"), v1::BIN_PROTOCOL);
        assert_eq!(chosen("soap, v1.json.spacetimedb"), v1::TEXT_PROTOCOL);
        assert_eq!(negotiated("soap", "").unwrap_err().code, "no_common_subprotocol");
    }

    #[test]
    fn reads_are_confirmed_by_default_except_in_v1() {
        assert!(negotiated(v3::BIN_PROTOCOL, "").unwrap().config.confirmed_reads);
        assert!(negotiated(v2::BIN_PROTOCOL, "").unwrap().config.confirmed_reads);
        assert!(!negotiated(v1::BIN_PROTOCOL, "").unwrap().config.confirmed_reads);
        assert!(!negotiated(v2::BIN_PROTOCOL, "confirmed=false").unwrap().config.confirmed_reads);
    }

    #[test]
    fn gzip_is_used_only_when_the_operator_wants_it() {
        let plain = negotiated(v3::BIN_PROTOCOL, "compression=Gzip").unwrap();
        assert_eq!(plain.config.compression, common::Compression::None);
    }

    #[test]
    fn malformed_ids_are_refused() {
        let code = |query| negotiated(v2::BIN_PROTOCOL, query).unwrap_err().code;
        assert_eq!(code("connection_id=00000000000000000000000000000000"), "invalid_connection_id");
        assert_eq!(code("connection_id=xyz"), "invalid_connection_id");
        assert_eq!(code("session_id=12"), "invalid_session_id");
        let good = negotiated(v2::BIN_PROTOCOL, "connection_id=000000000000000000000000000000ff").unwrap();
        assert_eq!(good.connection_id, ConnectionId::from_u128(0xff));
    }
}
