use octavia_model::{ClientAuthentication, Listener, ListenerProtocol as Protocol};

use crate::error::{Error, Result};
use crate::rules::protocol;
use crate::wire::given::Given;

/// The longest reference of an SNI certificate: the width of its column.
const SNI_REF: usize = 128;

/// Tells whether a listener ends TLS.
pub(super) fn has_certificate(listener: &Listener) -> bool {
    listener.tls_certificate_id.is_some() || !listener.sni_container_refs.is_empty()
}

/// Checks the certificates of a create call.
pub(super) fn check(listener: &Listener) -> Result<()> {
    let protocol = listener.protocol;
    let has_certificate = has_certificate(listener);
    if has_certificate && protocol::transport(protocol) != protocol::Transport::Tcp {
        let text = format!("{protocol} protocol listener does not support TLS.");
        return Err(Error::validation(text));
    }
    of_protocol(listener)?;
    if listener.client_ca_tls_certificate_id.is_some() && !has_certificate {
        return Err(Error::validation(
            "An SNI or default certificate container reference must be provided with a client CA \
             container reference.",
        ));
    }
    if protocol == Protocol::TerminatedHttps && !has_certificate {
        return Err(Error::validation(format!(
            "An SNI or default certificate container reference must be provided for {protocol} \
             protocol listeners."
        )));
    }
    if crate::rules::distinct(&listener.sni_container_refs).is_err() {
        return Err(super::taken(listener));
    }
    Ok(())
}

/// Checks that a listener that names certificates can use them.
pub(super) fn of_protocol(listener: &Listener) -> Result<()> {
    let protocol = listener.protocol;
    let may = matches!(protocol, Protocol::TerminatedHttps | Protocol::Prometheus);
    if has_certificate(listener) && !may {
        return Err(Error::validation(format!(
            "Certificate container references are not allowed on {protocol} protocol listeners."
        )));
    }
    if listener
        .sni_container_refs
        .iter()
        .any(|sni| sni.chars().count() > SNI_REF)
    {
        return Err(Error::invalid_option(protocol.as_str(), "protocol"));
    }
    Ok(())
}

/// Checks what is asked of clients, in a create call.
pub(super) fn of_clients(listener: &Listener, given: &Given<ClientAuthentication>) -> Result<()> {
    authentication(listener, given)?;
    if listener.client_crl_container_id.is_some() {
        revocation_list(listener)?;
    }
    Ok(())
}

/// Checks that clients can be asked for certificates.
pub(super) fn authentication(
    listener: &Listener,
    given: &Given<ClientAuthentication>,
) -> Result<()> {
    let mode = match given {
        Given::Null => "None",
        Given::Value(mode) if *mode != ClientAuthentication::None => mode.as_str(),
        Given::Absent | Given::Value(_) => return Ok(()),
    };
    if listener.client_ca_tls_certificate_id.is_some() {
        return Ok(());
    }
    Err(Error::validation(format!(
        "Client authentication setting {mode} requires a client CA container reference."
    )))
}

/// Checks that a revocation list has the CA that it belongs to.
pub(super) fn revocation_list(listener: &Listener) -> Result<()> {
    if listener.client_ca_tls_certificate_id.is_some() {
        return Ok(());
    }
    Err(Error::validation(
        "A client authentication CA reference is required to specify a client authentication \
         revocation list.",
    ))
}
