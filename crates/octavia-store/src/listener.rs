use octavia_model::{Id, Listener, ListenerProtocol, LoadBalancer, ProvisioningStatus};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QueryTrait};

use crate::children::{Children, Family, Kind, Part};
use crate::column::{Cell, comma_text, commas, text, utc};
use crate::row::{l7policy, listener, listener_cidr, listener_statistics, sni};
use crate::{ListQuery, Resource, Result, Tx, pickle};

/// The port of the peers protocol of a load balancer's first listener.
const FIRST_PEER_PORT: i32 = 1025;

impl Tx {
    /// Returns a listener.
    pub async fn listener(&mut self, id: Id<Listener>) -> Result<Option<Listener>> {
        let id = id.to_string();
        let select = listener::Entity::find()
            .filter(listener::Column::Id.eq(&id))
            .filter(listener::Column::ProvisioningStatus.ne(ProvisioningStatus::Deleted.as_str()));
        self.object(select.into_query(), &id, &family()).await
    }

    /// Adds a listener; picks its `peer_port`.
    pub async fn insert_listener(&mut self, listener: &Listener) -> Result<()> {
        let row = listener::ActiveModel {
            created_at: Set(Some(self.stamp())),
            peer_port: Set(Some(self.free_peer_port(listener.load_balancer_id).await?)),
            ..row(listener)
        };
        self.insert(row)
            .await
            .map_err(|error| error.duplicate_is(|| named(listener)))?;
        self.insert_beside_listener(listener).await?;
        self.insert_tags(&listener.id.to_string(), &listener.tags)
            .await
    }

    /// Writes a listener.
    pub async fn save_listener(&mut self, listener: &Listener) -> Result<()> {
        let id = listener.id.to_string();
        let row = listener::ActiveModel {
            updated_at: Set(Some(self.stamp())),
            peer_port: NotSet,
            ..row(listener)
        };
        let this = listener::Column::Id.eq(&id);
        self.update(row, this, "the listener")
            .await
            .map_err(|error| error.duplicate_is(|| named(listener)))?;
        self.delete_beside_listeners(std::slice::from_ref(&id))
            .await?;
        self.insert_beside_listener(listener).await?;
        self.replace_tags(&id, &listener.tags).await
    }

    /// Removes a listener with its policies, statistics and tags.
    pub async fn delete_listener(&mut self, id: Id<Listener>) -> Result<()> {
        self.delete_listeners(&[id.to_string()]).await
    }

    pub(crate) async fn delete_listeners(&mut self, ids: &[String]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let policies = Query::select()
            .column(l7policy::Column::Id)
            .from(l7policy::Entity)
            .and_where(l7policy::Column::ListenerId.is_in(ids))
            .take();
        self.delete_l7policies(policies).await?;
        self.delete_beside_listeners(ids).await?;
        let statistics = listener_statistics::Entity::delete_many()
            .filter(listener_statistics::Column::ListenerId.is_in(ids));
        self.execute(&statistics.into_query()).await?;
        self.delete_tags_of(ids).await?;
        let listeners = listener::Entity::delete_many().filter(listener::Column::Id.is_in(ids));
        self.execute(&listeners.into_query()).await.map(|_| ())
    }

    /// Returns listeners.
    pub async fn listeners(&mut self, query: &ListQuery) -> Result<Vec<Listener>> {
        let select = self.select(Resource::Listener, query).await?;
        self.objects(&select, &family()).await
    }

    /// Returns the listeners of a load balancer, in order of creation.
    pub async fn listeners_of(&mut self, id: Id<LoadBalancer>) -> Result<Vec<Listener>> {
        let select = listener::Entity::find()
            .filter(listener::Column::LoadBalancerId.eq(id.to_string()))
            .order_by_asc(listener::Column::CreatedAt)
            .order_by_asc(listener::Column::Id);
        self.objects(&select.into_query(), &family()).await
    }

    /// Returns the load balancers that have a listener of a protocol at work.
    pub async fn load_balancers_with(
        &mut self,
        protocol: ListenerProtocol,
    ) -> Result<Vec<Id<LoadBalancer>>> {
        let active = ProvisioningStatus::Active.as_str();
        let select = Query::select()
            .distinct()
            .expr_as(Expr::col(listener::Column::LoadBalancerId), "id")
            .from(listener::Entity)
            .and_where(listener::Column::Protocol.eq(protocol.as_str()))
            .and_where(listener::Column::ProvisioningStatus.eq(active))
            .take();
        let ids = self.ids(&select).await?;
        Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
    }

    async fn free_peer_port(&mut self, id: Id<LoadBalancer>) -> Result<i32> {
        let select = Query::select()
            .expr_as(Expr::col(listener::Column::PeerPort).max(), "highest")
            .from(listener::Entity)
            .and_where(listener::Column::LoadBalancerId.eq(id.to_string()))
            .take();
        let highest: Option<Option<i32>> = self.one(&select).await?;
        Ok(highest
            .flatten()
            .map_or(FIRST_PEER_PORT, |highest| highest.saturating_add(1)))
    }

    async fn insert_beside_listener(&mut self, listener: &Listener) -> Result<()> {
        let id = listener.id.to_string();
        let certificates = (0..)
            .zip(&listener.sni_container_refs)
            .map(|(position, reference)| sni::ActiveModel {
                listener_id: Set(id.clone()),
                tls_container_id: Set(reference.clone()),
                position: Set(Some(position)),
            })
            .collect();
        self.insert_all(certificates).await?;
        let cidrs = listener
            .allowed_cidrs
            .iter()
            .map(|cidr| listener_cidr::ActiveModel {
                listener_id: Set(id.clone()),
                cidr: Set(cidr.to_string()),
            })
            .collect();
        self.insert_all(cidrs).await
    }

    async fn delete_beside_listeners(&mut self, ids: &[String]) -> Result<()> {
        let certificates = sni::Entity::delete_many().filter(sni::Column::ListenerId.is_in(ids));
        self.execute(&certificates.into_query()).await?;
        let cidrs = listener_cidr::Entity::delete_many()
            .filter(listener_cidr::Column::ListenerId.is_in(ids));
        self.execute(&cidrs.into_query()).await.map(|_| ())
    }
}

fn family() -> Family<listener::Model, Listener> {
    Family {
        table: listener::Entity.into_iden(),
        id: |row| &row.id,
        parts: beside().into(),
        object: listener,
    }
}

/// What belongs to listeners and lies in other tables.
fn beside() -> [Part; 4] {
    let certificates = Part::new(
        Kind::Certificate,
        sni::Entity,
        sni::Column::ListenerId,
        sni::Column::TlsContainerId,
    );
    let cidrs = Part::new(
        Kind::Cidr,
        listener_cidr::Entity,
        listener_cidr::Column::ListenerId,
        listener_cidr::Column::Cidr,
    );
    let policies = Part::new(
        Kind::Policy,
        l7policy::Entity,
        l7policy::Column::ListenerId,
        l7policy::Column::Id,
    );
    [
        certificates.ranked(sni::Column::Position),
        policies.ranked(l7policy::Column::Position),
        cidrs,
        Part::tags(),
    ]
}

fn named(listener: &Listener) -> String {
    format!(
        "listener on {} port {}",
        listener.protocol, listener.protocol_port
    )
}

fn row(listener: &Listener) -> listener::ActiveModel {
    let headers = &listener.insert_headers;
    listener::ActiveModel {
        id: Set(listener.id.to_string()),
        project_id: Set(listener.project_id.clone()),
        name: Set(listener.name.clone()),
        description: Set(listener.description.clone()),
        protocol: Set(listener.protocol.to_string()),
        protocol_port: Set(listener.protocol_port.into()),
        connection_limit: Set(listener.connection_limit),
        load_balancer_id: Set(Some(listener.load_balancer_id.to_string())),
        tls_certificate_id: Set(listener.tls_certificate_id.clone()),
        default_pool_id: Set(text(listener.default_pool_id.as_ref())),
        provisioning_status: Set(listener.provisioning_status.to_string()),
        operating_status: Set(listener.operating_status.to_string()),
        enabled: Set(listener.enabled),
        peer_port: NotSet,
        insert_headers: Set((!headers.is_empty()).then(|| pickle::write(headers))),
        created_at: NotSet,
        updated_at: NotSet,
        timeout_client_data: Set(listener.timeout_client_data),
        timeout_member_connect: Set(listener.timeout_member_connect),
        timeout_member_data: Set(listener.timeout_member_data),
        timeout_tcp_inspect: Set(listener.timeout_tcp_inspect),
        client_ca_tls_certificate_id: Set(listener.client_ca_tls_certificate_id.clone()),
        client_authentication: Set(listener.client_authentication.to_string()),
        client_crl_container_id: Set(listener.client_crl_container_id.clone()),
        tls_ciphers: Set(listener.tls_ciphers.clone()),
        tls_versions: Set(comma_text(&listener.tls_versions)),
        alpn_protocols: Set(comma_text(&listener.alpn_protocols)),
        hsts_max_age: Set(listener.hsts_max_age),
        hsts_include_subdomains: Set(Some(listener.hsts_include_subdomains)),
        hsts_preload: Set(Some(listener.hsts_preload)),
    }
}

fn listener(row: listener::Model, beside: &mut Children) -> Result<Listener> {
    let cell = Cell::new("listener", &row.id);
    let id = cell.parse(&row.id)?;
    let headers = row.insert_headers.as_deref().map(pickle::read).transpose();
    Ok(Listener {
        id,
        project_id: row.project_id,
        load_balancer_id: cell
            .parse(cell.needed(row.load_balancer_id.as_ref(), "load_balancer_id")?)?,
        name: row.name,
        description: row.description,
        protocol: cell.parse(&row.protocol)?,
        protocol_port: cell.port(row.protocol_port)?,
        connection_limit: row.connection_limit,
        default_pool_id: cell.optional(row.default_pool_id.as_ref())?,
        provisioning_status: cell.parse(&row.provisioning_status)?,
        operating_status: cell.parse(&row.operating_status)?,
        enabled: row.enabled,
        peer_port: row.peer_port.map(|port| cell.port(port)).transpose()?,
        insert_headers: headers
            .map_err(|error| cell.corrupt(format!("insert_headers: {error}")))?
            .unwrap_or_default(),
        timeout_client_data: row.timeout_client_data,
        timeout_member_connect: row.timeout_member_connect,
        timeout_member_data: row.timeout_member_data,
        timeout_tcp_inspect: row.timeout_tcp_inspect,
        tls_certificate_id: row.tls_certificate_id,
        sni_container_refs: beside.take(Kind::Certificate, id),
        client_ca_tls_certificate_id: row.client_ca_tls_certificate_id,
        client_authentication: cell.parse(&row.client_authentication)?,
        client_crl_container_id: row.client_crl_container_id,
        tls_ciphers: row.tls_ciphers,
        tls_versions: commas(row.tls_versions.as_ref()),
        alpn_protocols: commas(row.alpn_protocols.as_ref()),
        hsts_max_age: row.hsts_max_age,
        hsts_include_subdomains: row.hsts_include_subdomains.unwrap_or_default(),
        hsts_preload: row.hsts_preload.unwrap_or_default(),
        allowed_cidrs: beside.parse(Kind::Cidr, id, cell)?,
        tags: beside.tags(id),
        created_at: utc(row.created_at),
        updated_at: utc(row.updated_at),
        l7_policies: beside.parse(Kind::Policy, id, cell)?,
    })
}
