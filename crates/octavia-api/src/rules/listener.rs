mod certificates;
mod fields;
mod headers;

use ipnet::IpNet;
use octavia_model::{Listener, ListenerProtocol as Protocol, LoadBalancer};

use super::{protocol, tls};
use crate::Api;
use crate::error::{Error, Result};
use crate::wire::given::Given;
use crate::wire::listener::{ListenerFields, ListenerPut};
use crate::wire::python;

/// Checks what a create call asks for, and makes the listener of it.
pub(crate) fn create(
    api: &Api,
    load_balancer: &LoadBalancer,
    fields: &ListenerFields,
) -> Result<Listener> {
    let listener = fields::build(api, load_balancer, fields)?;
    allowed_protocol(api, &listener)?;
    headers::check(&listener, |headers| {
        let names = python::list(headers.keys().map(String::as_str));
        format!("dict_keys({names})")
    })?;
    certificates::check(&listener)?;
    certificates::of_clients(&listener, &fields.client_authentication)?;
    addresses(load_balancer, &listener.allowed_cidrs)?;
    if let Some(ciphers) = fields.tls_ciphers.as_ref() {
        tls::ciphers(&api.config, ciphers)?;
    }
    let capable = matches!(
        listener.protocol,
        Protocol::TerminatedHttps | Protocol::Prometheus
    );
    if let (true, Some(versions)) = (capable, fields.tls_versions.as_ref()) {
        tls::versions(&api.config, versions)?;
    }
    if let (true, Some(protocols)) = (capable, fields.alpn_protocols.as_ref()) {
        tls::alpn(protocols)?;
    }
    if listener.hsts_max_age.is_none()
        && (listener.hsts_include_subdomains || listener.hsts_preload)
    {
        return Err(Error::validation(
            "HSTS configuration options hsts_include_subdomains and hsts_preload only make sense \
             if hsts_max_age is set as well.",
        ));
    }
    hsts_protocol(&listener, fields.hsts_max_age.is_value())?;
    super::distinct(&listener.tags)?;
    Ok(listener)
}

/// Checks what an update asks for, and changes the listener.
pub(crate) fn update(
    api: &Api,
    load_balancer: &LoadBalancer,
    listener: Listener,
    put: ListenerPut,
) -> Result<Listener> {
    let given = put.clone();
    let had_authority = listener.client_ca_tls_certificate_id.is_some();
    let changed = fields::apply(api, listener, put);
    let headers = given.insert_headers.as_ref();
    let adds_headers = headers.is_some_and(|headers| !headers.is_empty());
    if protocol::transport(changed.protocol) != protocol::Transport::Tcp
        && (given.default_tls_container_ref.is_value()
            || given.sni_container_refs.is_value()
            || adds_headers)
    {
        return Err(Error::validation(format!(
            "{} protocol listener does not support TLS or header insertion.",
            changed.protocol
        )));
    }
    if adds_headers {
        headers::check(&changed, |headers| {
            python::list(headers.keys().map(String::as_str))
        })?;
    }
    certificates::of_protocol(&changed)?;
    // As upstream: an authority may go in the call that takes the checks of clients back.
    if !(had_authority && given.client_authentication.is_null()) {
        certificates::authentication(&changed, &given.client_authentication)?;
    }
    if given.client_crl_container_ref.is_value() {
        certificates::revocation_list(&changed)?;
    }
    if given.allowed_cidrs.is_value() {
        addresses(load_balancer, &changed.allowed_cidrs)?;
    }
    if let Some(ciphers) = given.tls_ciphers.as_ref() {
        tls::ciphers(&api.config, ciphers)?;
    }
    if let Some(versions) = given.tls_versions.as_ref() {
        tls::versions(&api.config, versions)?;
    }
    if let Some(protocols) = given.alpn_protocols.as_ref() {
        tls::alpn(protocols)?;
    }
    hsts_flags(&changed, &given)?;
    hsts_protocol(&changed, given.hsts_max_age.is_value())?;
    super::distinct(&changed.tags)?;
    Ok(changed)
}

/// Refuses what the operator switched off.
fn allowed_protocol(api: &Api, listener: &Listener) -> Result<()> {
    let (config, protocol) = (&api.config, listener.protocol);
    let tls = config.allow_tls_terminated_listeners;
    let value = if protocol == Protocol::TerminatedHttps && !tls {
        "TERMINATED_HTTPS"
    } else if protocol != Protocol::Prometheus {
        return Ok(());
    } else if !config.allow_prometheus_listeners {
        "PROMETHEUS"
    } else if !tls && certificates::has_certificate(listener) {
        "PROMETHEUS with TLS"
    } else {
        return Ok(());
    };
    Err(Error::DisabledOption {
        option: "protocol",
        value: value.to_owned(),
    })
}

fn addresses(load_balancer: &LoadBalancer, cidrs: &[IpNet]) -> Result<()> {
    if cidrs.is_empty() {
        return Ok(());
    }
    if !load_balancer.vip.sg_ids.is_empty() {
        return Err(Error::validation(
            "Allowed CIDRs are not allowed when using custom VIP Security Groups.",
        ));
    }
    let additional = load_balancer
        .additional_vips
        .iter()
        .map(|vip| vip.ip_address);
    let vips: Vec<_> = std::iter::once(load_balancer.vip.ip_address)
        .chain(additional)
        .flatten()
        .collect();
    let fits = |net: &IpNet| vips.iter().any(|vip| vip.is_ipv4() == net.addr().is_ipv4());
    let Some(cidr) = cidrs.iter().find(|net| !fits(net)) else {
        return Ok(());
    };
    let vips: Vec<_> = vips.iter().map(ToString::to_string).collect();
    Err(Error::validation(format!(
        "CIDR {cidr} IP version incompatible with all VIPs {} IP version.",
        python::list(vips.iter().map(String::as_str))
    )))
}

fn hsts_flags(listener: &Listener, given: &ListenerPut) -> Result<()> {
    let on = |flag: &Given<bool>| *flag == Given::Value(true);
    let asked = on(&given.hsts_include_subdomains) || on(&given.hsts_preload);
    if asked && listener.hsts_max_age.is_none() {
        return Err(Error::validation(
            "Cannot enable hsts_include_subdomains or hsts_preload if hsts_max_age was not set as \
             well.",
        ));
    }
    Ok(())
}

fn hsts_protocol(listener: &Listener, asked: bool) -> Result<()> {
    if asked && listener.protocol != Protocol::TerminatedHttps {
        return Err(Error::validation(
            "The HSTS feature can only be used for listeners using the TERMINATED_HTTPS protocol.",
        ));
    }
    Ok(())
}

/// Refuses a listener on a port that another one of the load balancer has.
pub(crate) fn free_port<'a>(
    listener: &Listener,
    others: impl IntoIterator<Item = &'a Listener>,
) -> Result<()> {
    let other = others.into_iter().find(|other| {
        other.protocol_port == listener.protocol_port
            && protocol::transport(other.protocol) == protocol::transport(listener.protocol)
    });
    other.map_or(Ok(()), |other| Err(taken(other)))
}

fn taken(listener: &Listener) -> Error {
    Error::Conflict(format!(
        "Another Listener on this Load Balancer is already using protocol {} and protocol_port {}",
        listener.protocol, listener.protocol_port
    ))
}
