use octavia_model::{PoolProtocol, SessionPersistence, SessionPersistenceType as Kind};

use super::protocol;
use crate::error::{Error, Result};
use crate::wire::pool::{SessionPersistencePost, SessionPersistencePut};

/// Makes the session persistence of a create call.
pub(crate) fn build(fields: SessionPersistencePost) -> Result<SessionPersistence> {
    let Some(kind) = fields.kind.value() else {
        return Err(Error::invalid_option("None", "type"));
    };
    Ok(SessionPersistence {
        kind,
        cookie_name: fields.cookie_name.value(),
        persistence_timeout: fields.persistence_timeout.value(),
        persistence_granularity: fields
            .persistence_granularity
            .value()
            .map(|mask| mask.address),
    })
}

/// Makes what an update asks for; what it does not say is dropped, but for the type.
pub(crate) fn update(
    present: Option<&SessionPersistence>,
    fields: SessionPersistencePut,
) -> Result<SessionPersistence> {
    let Some(kind) = fields.kind.value().or(present.map(|present| present.kind)) else {
        return Err(Error::validation("Invalid session_persistence provided."));
    };
    Ok(SessionPersistence {
        kind,
        cookie_name: fields.cookie_name.value(),
        persistence_timeout: fields.persistence_timeout.value(),
        persistence_granularity: fields
            .persistence_granularity
            .value()
            .map(|mask| mask.address),
    })
}

/// Checks session persistence against the pool's protocol; `streams` names the protocols in
/// upstream's text, which differs between create and update.
pub(crate) fn check(
    pool: PoolProtocol,
    persistence: &SessionPersistence,
    datagrams: &str,
) -> Result<()> {
    if protocol::is_datagram(pool) {
        return check_datagram(persistence);
    }
    let timed = persistence
        .persistence_timeout
        .is_some_and(|seconds| seconds != 0);
    if timed || persistence.persistence_granularity.is_some() {
        return Err(Error::validation(format!(
            "persistence_timeout and persistence_granularity is only for {datagrams} protocol pools."
        )));
    }
    check_cookie(persistence)
}

fn check_datagram(persistence: &SessionPersistence) -> Result<()> {
    let named = persistence.cookie_name.is_some();
    let text = match persistence.kind {
        Kind::SourceIp if named => {
            "session_persistence SOURCE_IP type for UDP and SCTP protocols only accepts: type, \
             persistence_timeout, persistence_granularity."
                .to_owned()
        }
        Kind::SourceIp => return Ok(()),
        Kind::AppCookie | Kind::HttpCookie if named => {
            "Cookie names are not supported for UDP/SCTP pools.".to_owned()
        }
        kind @ (Kind::AppCookie | Kind::HttpCookie) => format!(
            "Session persistence of type {kind} is not supported for UDP/SCTP protocol pools."
        ),
    };
    Err(Error::Validation(text))
}

fn check_cookie(persistence: &SessionPersistence) -> Result<()> {
    let text = match (persistence.kind, &persistence.cookie_name) {
        (Kind::AppCookie, None) => {
            "Field \"cookie_name\" must be specified when using the \"APP_COOKIE\" session \
             persistence type."
        }
        (Kind::AppCookie, Some(name)) if !is_token(name) => "Supplied \"cookie_name\" is invalid.",
        (Kind::HttpCookie | Kind::SourceIp, Some(_)) => {
            "Field \"cookie_name\" can only be specified with session persistence of type \
             \"APP_COOKIE\"."
        }
        (Kind::AppCookie | Kind::HttpCookie | Kind::SourceIp, _) => return Ok(()),
    };
    Err(Error::validation(text))
}

/// Tells whether a name is a token of RFC 2616: no control characters and no separators.
fn is_token(name: &str) -> bool {
    name.chars()
        .all(|c| !c.is_control() && !" \"(),/:;<=>?@[\\]{}".contains(c))
}
