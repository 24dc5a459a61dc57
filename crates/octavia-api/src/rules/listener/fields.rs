use std::collections::BTreeMap;

use ipnet::IpNet;
use octavia_model::{
    ClientAuthentication, Listener, ListenerProtocol as Protocol, LoadBalancer, OperatingStatus,
    ProvisioningStatus,
};

use crate::Api;
use crate::error::{Error, Result};
use crate::wire::given::Given;
use crate::wire::listener::{ListenerFields, ListenerPut};

/// Makes a listener of what a create call says, with the defaults for the rest.
pub(super) fn build(api: &Api, lb: &LoadBalancer, fields: &ListenerFields) -> Result<Listener> {
    let fields = fields.clone();
    let config = &api.config;
    let times = &config.haproxy_amphora;
    let time = |given: &Given<i32>, default| Some(given.as_ref().copied().unwrap_or(default));
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
        timeout_client_data: time(&fields.timeout_client_data, times.timeout_client_data),
        timeout_member_connect: time(&fields.timeout_member_connect, times.timeout_member_connect),
        timeout_member_data: time(&fields.timeout_member_data, times.timeout_member_data),
        timeout_tcp_inspect: time(&fields.timeout_tcp_inspect, times.timeout_tcp_inspect),
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

/// Makes of a listener what an update says; null resets a field.
pub(super) fn apply(api: &Api, mut listener: Listener, put: ListenerPut) -> Listener {
    use std::mem::take;
    let l = &mut listener;
    change_times(api, l, &put);
    change_tls(api, l, &put);
    l.name = put.name.change_or_clear(l.name.take());
    l.description = put.description.change_or_clear(l.description.take());
    l.enabled = put.admin_state_up.change(l.enabled, false);
    l.connection_limit = put.connection_limit.reset(l.connection_limit, -1);
    l.default_pool_id = put.default_pool_id.change_or_clear(l.default_pool_id);
    let headers = take(&mut l.insert_headers);
    l.insert_headers = put.insert_headers.change(headers, BTreeMap::new());
    if let Some(tags) = put.tags.value() {
        l.tags = tags;
    }
    let cidrs = take(&mut l.allowed_cidrs);
    l.allowed_cidrs = each_once(put.allowed_cidrs.change(cidrs, Vec::new()));
    listener
}

fn change_times(api: &Api, l: &mut Listener, put: &ListenerPut) {
    let default = &api.config.haproxy_amphora;
    let put = put.clone();
    l.timeout_client_data = put
        .timeout_client_data
        .reset(l.timeout_client_data, default.timeout_client_data);
    l.timeout_member_connect = put
        .timeout_member_connect
        .reset(l.timeout_member_connect, default.timeout_member_connect);
    l.timeout_member_data = put
        .timeout_member_data
        .reset(l.timeout_member_data, default.timeout_member_data);
    l.timeout_tcp_inspect = put
        .timeout_tcp_inspect
        .reset(l.timeout_tcp_inspect, default.timeout_tcp_inspect);
}

fn change_tls(api: &Api, l: &mut Listener, put: &ListenerPut) {
    use std::mem::take;
    let config = &api.config;
    let put = put.clone();
    l.tls_certificate_id = put
        .default_tls_container_ref
        .change_or_clear(l.tls_certificate_id.take());
    let sni = take(&mut l.sni_container_refs);
    l.sni_container_refs = put.sni_container_refs.change(sni, Vec::new());
    let client_ca = l.client_ca_tls_certificate_id.take();
    l.client_ca_tls_certificate_id = put.client_ca_tls_container_ref.change_or_clear(client_ca);
    let none = ClientAuthentication::None;
    l.client_authentication = put
        .client_authentication
        .change(l.client_authentication, none);
    let client_crl = l.client_crl_container_id.take();
    l.client_crl_container_id = put.client_crl_container_ref.change_or_clear(client_crl);
    let ciphers = config.default_listener_ciphers.clone();
    l.tls_ciphers = put.tls_ciphers.reset(l.tls_ciphers.take(), ciphers);
    let versions = config.default_listener_tls_versions.clone();
    l.tls_versions = put.tls_versions.change(take(&mut l.tls_versions), versions);
    let alpn = config.default_listener_alpn_protocols.clone();
    l.alpn_protocols = put.alpn_protocols.change(take(&mut l.alpn_protocols), alpn);
    l.hsts_max_age = put.hsts_max_age.change_or_clear(l.hsts_max_age);
    let subdomains = l.hsts_include_subdomains;
    l.hsts_include_subdomains = put.hsts_include_subdomains.change(subdomains, false);
    l.hsts_preload = put.hsts_preload.change(l.hsts_preload, false);
}
