//! What the reconciler writes down about amphorae and the VIP. Every write proves the lease.

use octavia_cloud::{Port, PortPurpose, Server};
use octavia_model::{Amphora, AmphoraRole, AmphoraStatus, Id, Port as PortId, Secret, VrrpGroup};
use octavia_store::{Lease, Tx};

use super::act::{Outcome, Site};
use crate::error::{Error, Result};
use crate::world::World;

impl World {
    /// Begins a transaction that only the holder of the lease can commit.
    pub(super) async fn fenced(&self, name: &'static str, lease: &Lease) -> Result<Tx> {
        let mut tx = self.store.begin(name).await?;
        tx.fence(lease).await.map_err(Error::of_lease)?;
        Ok(tx)
    }

    /// Ends a transaction: the timeline so far goes with it.
    pub(super) async fn commit(&self, mut tx: Tx, site: &Site<'_>) -> Result<Outcome> {
        let events = site.timeline.take();
        if !events.is_empty() {
            tx.add_events(&events).await?;
        }
        tx.commit().await?;
        Ok(Outcome::Done)
    }

    pub(super) async fn record_vip(&self, site: &Site<'_>, port: &Port) -> Result<Outcome> {
        let mut tx = self.fenced("reconcile.record_vip", site.lease).await?;
        let Some(mut load_balancer) = tx.lock_load_balancer(site.id()).await? else {
            return Err(Error::Moved("the load balancer is gone".to_owned()));
        };
        let vip = &mut load_balancer.vip;
        vip.port_id = Some(port.id);
        vip.network_id = Some(port.network_id);
        let known = port
            .fixed_ips
            .iter()
            .find(|fixed_ip| vip.ip_address == Some(fixed_ip.ip_address));
        if let Some(fixed_ip) = known.or_else(|| port.fixed_ips.first()) {
            vip.subnet_id = Some(fixed_ip.subnet_id);
            if vip.ip_address != Some(fixed_ip.ip_address) {
                vip.ip_address = Some(fixed_ip.ip_address);
                vip.ip_address_text = Some(fixed_ip.ip_address.to_string());
            }
        }
        tx.save_load_balancer(&load_balancer).await?;
        self.commit(tx, site).await
    }

    /// Adds an amphora, unless one with that role is there: a second one would never be wanted.
    pub(super) async fn record_amphora(
        &self,
        site: &Site<'_>,
        role: AmphoraRole,
    ) -> Result<Outcome> {
        let mut tx = self.fenced("reconcile.record_amphora", site.lease).await?;
        let tree = tx.tree(site.id()).await?;
        let is_there = tree.is_none_or(|tree| {
            let mut amphorae = tree.amphorae.iter();
            amphorae.any(|a| a.role == Some(role) && a.status != AmphoraStatus::PendingDelete)
        });
        if is_there {
            return Ok(Outcome::Done);
        }
        if role != AmphoraRole::Standalone && tx.vrrp_group(site.id()).await?.is_none() {
            let settings = &site.settings.amphora.vrrp;
            tx.insert_vrrp_group(&VrrpGroup {
                load_balancer_id: site.id(),
                auth_pass: Secret::new(self.ids.next().simple().to_string()),
                advert_interval_s: settings.advert_int_s,
            })
            .await?;
        }
        let vip = &site.wanted.tree.load_balancer.vip;
        tx.insert_amphora(&Amphora {
            id: Id::new(self.ids.as_ref()),
            load_balancer_id: Some(site.id()),
            compute_id: None,
            status: AmphoraStatus::PendingCreate,
            lb_network_ip: None,
            vrrp_ip: None,
            ha_ip: vip.ip_address,
            vrrp_port_id: None,
            ha_port_id: vip.port_id,
            role: Some(role),
            cert_expiration: None,
            cert_busy: false,
            vrrp_interface: None,
            vrrp_id: vrrp_priority(role).map(|_| VRRP_ID),
            vrrp_priority: vrrp_priority(role),
            cached_zone: site.wanted.tree.load_balancer.availability_zone.clone(),
            image_id: None,
            compute_flavor: None,
            created_at: None,
            updated_at: None,
        })
        .await?;
        self.commit(tx, site).await
    }

    pub(super) async fn record_server(&self, site: &Site<'_>, server: &Server) -> Result<Outcome> {
        let vrrp = PortPurpose::Vrrp {
            amphora: server.amphora_id,
            load_balancer: site.id(),
        };
        let ports = &site.ports(self).await?;
        let port = ports.iter().find(|port| port.purpose == Some(vrrp));
        let vip = &site.wanted.tree.load_balancer.vip;
        let now = self.clock.now();
        self.change_amphora(site, server.amphora_id, |amphora| {
            amphora.compute_id = Some(server.id);
            amphora.lb_network_ip = server.management_address.or(amphora.lb_network_ip);
            amphora.vrrp_port_id = port.map(|port| port.id);
            amphora.vrrp_ip = port.and_then(first_address);
            amphora.ha_ip = vip.ip_address;
            amphora.ha_port_id = vip.port_id;
            // Issued just before the server was made; at worst it is replaced a moment late, long
            // before its end.
            let validity = site.settings.amphora.cert_validity_time;
            amphora
                .cert_expiration
                .get_or_insert(crate::ca::expiry(now, validity));
            if amphora.status == AmphoraStatus::PendingCreate {
                amphora.status = AmphoraStatus::Booting;
            }
        })
        .await
    }

    pub(super) async fn allocate(&self, site: &Site<'_>, id: Id<Amphora>) -> Result<Outcome> {
        self.change_amphora(site, id, |amphora| {
            if amphora.status != AmphoraStatus::PendingDelete {
                amphora.status = AmphoraStatus::Allocated;
            }
        })
        .await
    }

    pub(super) async fn condemn(
        &self,
        site: &Site<'_>,
        amphorae: &[Id<Amphora>],
    ) -> Result<Outcome> {
        let mut tx = self.fenced("reconcile.condemn", site.lease).await?;
        for id in amphorae {
            if let Some(amphora) = tx.amphora(*id).await?
                && amphora.status != AmphoraStatus::Deleted
            {
                tx.save_amphora(&Amphora {
                    status: AmphoraStatus::PendingDelete,
                    ..amphora
                })
                .await?;
            }
        }
        self.commit(tx, site).await
    }

    pub(super) async fn retire(&self, site: &Site<'_>, id: Id<Amphora>) -> Result<Outcome> {
        let mut tx = self.fenced("reconcile.retire", site.lease).await?;
        if let Some(amphora) = tx.amphora(id).await? {
            tx.save_amphora(&Amphora {
                status: AmphoraStatus::Deleted,
                ..amphora
            })
            .await?;
            tx.delete_amphora_health(id).await?;
        }
        self.commit(tx, site).await
    }

    /// Changes the row of an amphora as it is now, not as it was seen.
    async fn change_amphora(
        &self,
        site: &Site<'_>,
        id: Id<Amphora>,
        change: impl FnOnce(&mut Amphora) + Send,
    ) -> Result<Outcome> {
        let mut tx = self.fenced("reconcile.change_amphora", site.lease).await?;
        let Some(mut amphora) = tx.amphora(id).await? else {
            return Err(Error::Moved(format!("amphora {id} is not on record")));
        };
        change(&mut amphora);
        tx.save_amphora(&amphora).await?;
        self.commit(tx, site).await
    }
}

/// Upstream numbers every virtual router so: each pair is alone among its peers.
const VRRP_ID: i32 = 1;

/// Upstream's priorities.
fn vrrp_priority(role: AmphoraRole) -> Option<i32> {
    match role {
        AmphoraRole::Standalone => None,
        AmphoraRole::Master => Some(100),
        AmphoraRole::Backup => Some(90),
    }
}

fn first_address(port: &Port) -> Option<std::net::IpAddr> {
    port.fixed_ips.first().map(|fixed_ip| fixed_ip.ip_address)
}

/// Returns the ports to attach to a new server of an amphora, the VIP's first.
pub(super) fn ports_for(ports: &[Port], amphora: Id<Amphora>) -> Vec<Id<PortId>> {
    let of = |wanted: fn(PortPurpose) -> Option<Id<Amphora>>| {
        ports
            .iter()
            .filter(move |port| port.purpose.and_then(wanted) == Some(amphora))
            .map(|port| port.id)
    };
    let vrrp = of(|purpose| match purpose {
        PortPurpose::Vrrp { amphora, .. } => Some(amphora),
        PortPurpose::Vip(_) | PortPurpose::Member { .. } => None,
    });
    let members = of(|purpose| match purpose {
        PortPurpose::Member { amphora, .. } => Some(amphora),
        PortPurpose::Vip(_) | PortPurpose::Vrrp { .. } => None,
    });
    vrrp.chain(members).collect()
}
