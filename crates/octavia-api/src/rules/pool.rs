use octavia_model::{
    LoadBalancer, OperatingStatus, Pool, PoolProtocol, ProvisioningStatus, SessionPersistence,
};

use super::{session_persistence, tls};
use crate::Api;
use crate::error::{Error, Result};
use crate::wire::given::Given;
use crate::wire::pool::{PoolFields, PoolPut};

/// Makes a pool of what a create call or a tree asks for, and checks its TLS settings.
pub(crate) fn build(api: &Api, lb: &LoadBalancer, fields: PoolFields) -> Result<Pool> {
    let (Some(protocol), Some(lb_algorithm)) =
        (fields.protocol.value(), fields.lb_algorithm.value())
    else {
        return Err(Error::invalid_option("None", "protocol or lb_algorithm"));
    };
    let config = &api.config;
    let tls_enabled = fields.tls_enabled.value().unwrap_or(false);
    let list = |given: Given<Vec<String>>, default: &[String]| {
        let given = given.value();
        given.unwrap_or_else(|| {
            if tls_enabled {
                default.to_vec()
            } else {
                Vec::new()
            }
        })
    };
    let (versions, alpn) = (fields.tls_versions.clone(), fields.alpn_protocols.clone());
    let session_persistence = fields.session_persistence.value();
    let default_ciphers = tls_enabled.then(|| config.default_pool_ciphers.clone());
    let pool = Pool {
        id: api.id(),
        project_id: lb.project_id.clone(),
        load_balancer_id: lb.id,
        name: fields.name.value(),
        description: fields.description.value(),
        protocol,
        lb_algorithm,
        provisioning_status: ProvisioningStatus::PendingCreate,
        operating_status: OperatingStatus::Offline,
        enabled: fields.admin_state_up.or_default(true).unwrap_or(false),
        session_persistence: session_persistence
            .map(session_persistence::build)
            .transpose()?,
        tls_enabled,
        tls_certificate_id: fields.tls_container_ref.value(),
        ca_tls_certificate_id: fields.ca_tls_container_ref.value(),
        crl_container_id: fields.crl_container_ref.value(),
        tls_ciphers: fields.tls_ciphers.value().or(default_ciphers),
        tls_versions: list(fields.tls_versions, &config.default_pool_tls_versions),
        alpn_protocols: list(fields.alpn_protocols, &config.default_pool_alpn_protocols),
        tags: fields.tags.value().unwrap_or_default(),
        created_at: Some(api.clock.now()),
        updated_at: None,
        listeners: Vec::new(),
        members: Vec::new(),
        health_monitor_id: None,
    };
    check_tls(api, &pool, &versions, &alpn)?;
    super::distinct(&pool.tags)?;
    Ok(pool)
}

fn check_tls(
    api: &Api,
    pool: &Pool,
    versions: &Given<Vec<String>>,
    alpn: &Given<Vec<String>>,
) -> Result<()> {
    if pool.crl_container_id.is_some() && pool.ca_tls_certificate_id.is_none() {
        return Err(Error::validation(
            "A CA certificate reference is required to specify a revocation list.",
        ));
    }
    if let Some(ciphers) = &pool.tls_ciphers {
        tls::ciphers(&api.config, ciphers)?;
    }
    if let (true, Some(versions)) = (pool.tls_enabled, versions.as_ref()) {
        tls::versions(&api.config, versions)?;
    }
    if let (true, Some(alpn)) = (pool.tls_enabled, alpn.as_ref()) {
        tls::alpn(alpn)?;
    }
    Ok(())
}

/// Checks what only the single create call checks; a tree is let through, as upstream does.
pub(crate) fn check_single(pool: &Pool) -> Result<()> {
    if let Some(persistence) = &pool.session_persistence {
        session_persistence::check(pool.protocol, persistence, "UDP and SCTP")?;
    }
    Ok(())
}

/// Checks what an update asks for, and changes the pool.
pub(crate) fn update(api: &Api, mut pool: Pool, put: PoolPut) -> Result<Pool> {
    use std::mem::take;
    let config = &api.config;
    revocation_list(&pool, &put)?;
    if let Some(versions) = put.tls_versions.as_ref() {
        tls::versions(config, versions)?;
    }
    if let Some(alpn) = put.alpn_protocols.as_ref() {
        tls::alpn(alpn)?;
    }
    if let Some(ciphers) = put.tls_ciphers.as_ref() {
        tls::ciphers(config, ciphers)?;
    }
    if put.lb_algorithm.is_null() {
        return Err(Error::invalid_option("None", "lb_algorithm"));
    }
    if put.tls_enabled.is_null() {
        return Err(Error::invalid_option("None", "tls_enabled"));
    }
    let p = &mut pool;
    p.session_persistence = match put.session_persistence {
        Given::Absent => p.session_persistence.take(),
        Given::Null => None,
        Given::Value(fields) => Some(persistence(
            p.protocol,
            p.session_persistence.as_ref(),
            fields,
        )?),
    };
    p.name = put.name.change_or_clear(p.name.take());
    p.description = put.description.change_or_clear(p.description.take());
    p.enabled = put.admin_state_up.change(p.enabled, false);
    p.lb_algorithm = put.lb_algorithm.value().unwrap_or(p.lb_algorithm);
    p.tls_enabled = put.tls_enabled.value().unwrap_or(p.tls_enabled);
    p.tls_certificate_id = put
        .tls_container_ref
        .change_or_clear(p.tls_certificate_id.take());
    p.ca_tls_certificate_id = put
        .ca_tls_container_ref
        .change_or_clear(p.ca_tls_certificate_id.take());
    p.crl_container_id = put
        .crl_container_ref
        .change_or_clear(p.crl_container_id.take());
    let ciphers = config.default_pool_ciphers.clone();
    p.tls_ciphers = put.tls_ciphers.reset(p.tls_ciphers.take(), ciphers);
    p.tls_versions = put.tls_versions.change(
        take(&mut p.tls_versions),
        config.default_pool_tls_versions.clone(),
    );
    p.alpn_protocols = put
        .alpn_protocols
        .change(take(&mut p.alpn_protocols), Vec::new());
    if let Some(tags) = put.tags.value() {
        p.tags = tags;
    }
    super::distinct(&pool.tags)?;
    Ok(pool)
}

fn persistence(
    protocol: PoolProtocol,
    present: Option<&SessionPersistence>,
    fields: crate::wire::pool::SessionPersistencePut,
) -> Result<SessionPersistence> {
    let changed = session_persistence::update(present, fields)?;
    session_persistence::check(protocol, &changed, "UDP")?;
    Ok(changed)
}

fn revocation_list(pool: &Pool, put: &PoolPut) -> Result<()> {
    let ca = put.ca_tls_container_ref.clone();
    let crl = put.crl_container_ref.clone();
    let removes_ca = ca.is_null() && pool.ca_tls_certificate_id.is_some();
    let has_ca = ca
        .change_or_clear(pool.ca_tls_certificate_id.clone())
        .is_some();
    let has_crl = crl.change_or_clear(pool.crl_container_id.clone()).is_some();
    if has_ca || !has_crl {
        return Ok(());
    }
    Err(Error::validation(if removes_ca {
        "A CA reference cannot be removed when a certificate revocation list is present."
    } else {
        "A CA reference is required to specify a certificate revocation list."
    }))
}
