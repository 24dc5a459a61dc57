use std::collections::BTreeMap;

use ipnet::IpNet;
use octavia_model::{
    ClientAuthentication, Listener, ListenerProtocol as Protocol, LoadBalancer, OperatingStatus,
    ProvisioningStatus,
};

use super::{protocol, tls};
use crate::Api;
use crate::error::{Error, Result};
use crate::provider::Capabilities;
use crate::wire::given::Given;
use crate::wire::listener::{ListenerFields, ListenerPut};
use crate::wire::python;

/// Headers for every HTTP listener.
const HEADERS: [&str; 6] = [
    "X-Forwarded-For",
    "X-Forwarded-Port",
    "X-Forwarded-Proto",
    "X-Forwarded-IP",
    "X-Client-IP",
    "X-Real-IP",
];

/// Headers for listeners that end TLS.
const TLS_HEADERS: [&str; 8] = [
    "X-SSL-Client-Verify",
    "X-SSL-Client-Has-Cert",
    "X-SSL-Client-DN",
    "X-SSL-Client-CN",
    "X-SSL-Issuer",
    "X-SSL-Client-SHA1",
    "X-SSL-Client-Not-Before",
    "X-SSL-Client-Not-After",
];

/// The longest reference of an SNI certificate: the width of its column.
const SNI_REF: usize = 128;

/// Checks what a create call asks for, and makes the listener of it.
pub(crate) fn create(
    api: &Api,
    load_balancer: &LoadBalancer,
    fields: ListenerFields,
) -> Result<Listener> {
    let listener = build(api, load_balancer, &fields)?;
    allowed_protocol(api, &listener)?;
    headers(&listener, |headers| {
        let names = python::list(headers.keys().map(String::as_str));
        format!("dict_keys({names})")
    })?;
    certificates(&listener)?;
    client_certificates(&listener, &fields.client_authentication)?;
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
    carried(&api.capabilities, &listener)?;
    Ok(listener)
}

fn build(api: &Api, lb: &LoadBalancer, fields: &ListenerFields) -> Result<Listener> {
    let fields = fields.clone();
    let config = &api.config;
    let timeouts = &config.haproxy_amphora;
    let (Some(protocol), Some(protocol_port)) =
        (fields.protocol.value(), fields.protocol_port.value())
    else {
        return Err(Error::invalid_option("None", "protocol or protocol_port"));
    };
    let ends_tls = protocol == Protocol::TerminatedHttps;
    let or_default = |given: Given<Vec<String>>, default: &[String]| {
        let given = given.value();
        given.unwrap_or_else(|| {
            if ends_tls {
                default.to_vec()
            } else {
                Vec::new()
            }
        })
    };
    let default_ciphers = ends_tls.then(|| config.default_listener_ciphers.clone());
    Ok(Listener {
        id: api.id(),
        project_id: lb.project_id.clone(),
        load_balancer_id: lb.id,
        name: fields.name.value(),
        description: fields.description.value(),
        protocol,
        protocol_port,
        connection_limit: fields.connection_limit.or_default(-1),
        default_pool_id: fields.default_pool_id.value(),
        provisioning_status: ProvisioningStatus::PendingCreate,
        operating_status: OperatingStatus::Offline,
        enabled: fields.admin_state_up.or_default(true).unwrap_or(false),
        peer_port: None,
        insert_headers: fields.insert_headers.value().unwrap_or_default(),
        timeout_client_data: time(fields.timeout_client_data, timeouts.timeout_client_data),
        timeout_member_connect: time(
            fields.timeout_member_connect,
            timeouts.timeout_member_connect,
        ),
        timeout_member_data: time(fields.timeout_member_data, timeouts.timeout_member_data),
        timeout_tcp_inspect: time(fields.timeout_tcp_inspect, timeouts.timeout_tcp_inspect),
        tls_certificate_id: fields.default_tls_container_ref.value(),
        sni_container_refs: fields.sni_container_refs.value().unwrap_or_default(),
        client_ca_tls_certificate_id: fields.client_ca_tls_container_ref.value(),
        client_authentication: fields
            .client_authentication
            .value()
            .unwrap_or(ClientAuthentication::None),
        client_crl_container_id: fields.client_crl_container_ref.value(),
        tls_ciphers: fields.tls_ciphers.value().or(default_ciphers),
        tls_versions: or_default(fields.tls_versions, &config.default_listener_tls_versions),
        alpn_protocols: or_default(
            fields.alpn_protocols,
            &config.default_listener_alpn_protocols,
        ),
        hsts_max_age: fields.hsts_max_age.value(),
        hsts_include_subdomains: fields.hsts_include_subdomains.value().unwrap_or(false),
        hsts_preload: fields.hsts_preload.value().unwrap_or(false),
        allowed_cidrs: each_once(fields.allowed_cidrs.value().unwrap_or_default()),
        tags: fields.tags.value().unwrap_or_default(),
        created_at: Some(api.clock.now()),
        updated_at: None,
        l7_policies: Vec::new(),
    })
}

fn time(given: Given<i32>, default: i32) -> Option<i32> {
    Some(given.value().unwrap_or(default))
}

/// Host bits were masked when the ranges were read, so two texts may be one range.
fn each_once(nets: Vec<IpNet>) -> Vec<IpNet> {
    let mut once: Vec<IpNet> = Vec::with_capacity(nets.len());
    for net in nets {
        if !once.contains(&net) {
            once.push(net);
        }
    }
    once
}

/// Checks what an update asks for, and changes the listener.
pub(crate) fn update(
    api: &Api,
    load_balancer: &LoadBalancer,
    listener: Listener,
    put: ListenerPut,
) -> Result<Listener> {
    let given = put.clone();
    let changed = apply(api, listener, put);
    if given
        .insert_headers
        .as_ref()
        .is_some_and(|headers| !headers.is_empty())
    {
        headers(&changed, |headers| {
            python::list(headers.keys().map(String::as_str))
        })?;
    }
    if protocol::transport(changed.protocol) != protocol::Transport::Tcp
        && (given.default_tls_container_ref.is_value() || given.sni_container_refs.is_value())
    {
        return Err(Error::validation(format!(
            "{} protocol listener does not support TLS or header insertion.",
            changed.protocol
        )));
    }
    certificate_protocol(&changed)?;
    client_authentication(&changed, &given.client_authentication)?;
    if given.client_crl_container_ref.is_value() {
        revocation_list(&changed)?;
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
    carried(&api.capabilities, &changed)?;
    Ok(changed)
}

fn apply(api: &Api, mut listener: Listener, put: ListenerPut) -> Listener {
    use std::mem::take;
    let config = &api.config;
    let timeouts = &config.haproxy_amphora;
    let change_time = |given: Given<i32>, now: Option<i32>, default| {
        given.change(now.unwrap_or(default), default)
    };
    let l = &mut listener;
    l.name = put.name.change_or_clear(l.name.take());
    l.description = put.description.change_or_clear(l.description.take());
    l.enabled = put.admin_state_up.change(l.enabled, false);
    l.connection_limit = match put.connection_limit {
        Given::Absent => l.connection_limit,
        given => given.value().or(Some(-1)),
    };
    l.tls_certificate_id = put
        .default_tls_container_ref
        .change_or_clear(l.tls_certificate_id.take());
    l.sni_container_refs = put
        .sni_container_refs
        .change(take(&mut l.sni_container_refs), Vec::new());
    l.default_pool_id = put.default_pool_id.change_or_clear(l.default_pool_id);
    l.insert_headers = put
        .insert_headers
        .change(take(&mut l.insert_headers), BTreeMap::new());
    l.timeout_client_data = Some(change_time(
        put.timeout_client_data,
        l.timeout_client_data,
        timeouts.timeout_client_data,
    ));
    l.timeout_member_connect = Some(change_time(
        put.timeout_member_connect,
        l.timeout_member_connect,
        timeouts.timeout_member_connect,
    ));
    l.timeout_member_data = Some(change_time(
        put.timeout_member_data,
        l.timeout_member_data,
        timeouts.timeout_member_data,
    ));
    l.timeout_tcp_inspect = Some(change_time(
        put.timeout_tcp_inspect,
        l.timeout_tcp_inspect,
        timeouts.timeout_tcp_inspect,
    ));
    if let Some(tags) = put.tags.value() {
        l.tags = tags;
    }
    l.client_ca_tls_certificate_id = put
        .client_ca_tls_container_ref
        .change_or_clear(l.client_ca_tls_certificate_id.take());
    l.client_authentication = put
        .client_authentication
        .change(l.client_authentication, ClientAuthentication::None);
    l.client_crl_container_id = put
        .client_crl_container_ref
        .change_or_clear(l.client_crl_container_id.take());
    l.allowed_cidrs = each_once(
        put.allowed_cidrs
            .change(take(&mut l.allowed_cidrs), Vec::new()),
    );
    l.tls_ciphers = match put.tls_ciphers {
        Given::Absent => l.tls_ciphers.take(),
        given => Some(
            given
                .value()
                .unwrap_or_else(|| config.default_listener_ciphers.clone()),
        ),
    };
    l.tls_versions = put.tls_versions.change(
        take(&mut l.tls_versions),
        config.default_listener_tls_versions.clone(),
    );
    l.alpn_protocols = put.alpn_protocols.change(
        take(&mut l.alpn_protocols),
        config.default_listener_alpn_protocols.clone(),
    );
    l.hsts_max_age = put.hsts_max_age.change_or_clear(l.hsts_max_age);
    l.hsts_include_subdomains = put
        .hsts_include_subdomains
        .change(l.hsts_include_subdomains, false);
    l.hsts_preload = put.hsts_preload.change(l.hsts_preload, false);
    listener
}

fn allowed_protocol(api: &Api, listener: &Listener) -> Result<()> {
    let value = match listener.protocol {
        Protocol::TerminatedHttps if !api.config.allow_tls_terminated_listeners => {
            "TERMINATED_HTTPS"
        }
        Protocol::Prometheus if !api.config.allow_prometheus_listeners => "PROMETHEUS",
        Protocol::Prometheus
            if !api.config.allow_tls_terminated_listeners && has_certificate(listener) =>
        {
            "PROMETHEUS with TLS"
        }
        _ => return Ok(()),
    };
    Err(Error::DisabledOption {
        option: "protocol",
        value: value.to_owned(),
    })
}

fn has_certificate(listener: &Listener) -> bool {
    listener.tls_certificate_id.is_some() || !listener.sni_container_refs.is_empty()
}

fn headers(listener: &Listener, shown: impl Fn(&BTreeMap<String, String>) -> String) -> Result<()> {
    let headers = &listener.insert_headers;
    if headers.is_empty() {
        return Ok(());
    }
    let protocol = listener.protocol;
    if !matches!(protocol, Protocol::Http | Protocol::TerminatedHttps) {
        let option = format!("a {protocol} protocol listener.");
        return Err(Error::invalid_option("insert-headers", option));
    }
    let known = |name: &str| HEADERS.contains(&name) || TLS_HEADERS.contains(&name);
    if !headers.keys().all(|name| known(name)) {
        return Err(Error::invalid_option(shown(headers), "insert_headers"));
    }
    let of_tls: Vec<_> = headers
        .keys()
        .map(String::as_str)
        .filter(|name| TLS_HEADERS.contains(name))
        .collect();
    if protocol == Protocol::Http && !of_tls.is_empty() {
        let option = format!("{protocol} protocol listener.");
        return Err(Error::invalid_option(python::list(of_tls), option));
    }
    Ok(())
}

fn certificates(listener: &Listener) -> Result<()> {
    let protocol = listener.protocol;
    let has_certificate = has_certificate(listener);
    if has_certificate && protocol::transport(protocol) != protocol::Transport::Tcp {
        let text = format!("{protocol} protocol listener does not support TLS.");
        return Err(Error::validation(text));
    }
    certificate_protocol(listener)?;
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
    if super::distinct(&listener.sni_container_refs).is_err() {
        return Err(taken(listener));
    }
    Ok(())
}

fn certificate_protocol(listener: &Listener) -> Result<()> {
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

fn client_certificates(listener: &Listener, given: &Given<ClientAuthentication>) -> Result<()> {
    client_authentication(listener, given)?;
    if listener.client_crl_container_id.is_some() {
        revocation_list(listener)?;
    }
    Ok(())
}

fn client_authentication(listener: &Listener, given: &Given<ClientAuthentication>) -> Result<()> {
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

fn revocation_list(listener: &Listener) -> Result<()> {
    if listener.client_ca_tls_certificate_id.is_some() {
        return Ok(());
    }
    Err(Error::validation(
        "A client authentication CA reference is required to specify a client authentication \
         revocation list.",
    ))
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

/// Refuses what the data plane does not carry.
fn carried(capabilities: &Capabilities, listener: &Listener) -> Result<()> {
    let protocol = listener.protocol;
    Capabilities::check(capabilities.listener_protocols.contains(&protocol), || {
        format!("{protocol} protocol listeners are not supported yet")
    })?;
    Capabilities::check(capabilities.tls || !has_certificate(listener), || {
        "TLS listeners are not supported yet".to_owned()
    })?;
    Capabilities::check(
        capabilities.allowed_cidrs || listener.allowed_cidrs.is_empty(),
        || "allowed_cidrs are not supported yet".to_owned(),
    )
}
