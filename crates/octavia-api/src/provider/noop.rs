use std::net::{IpAddr, Ipv4Addr};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use octavia_model::{Amphora, Id, IdSource, LoadBalancer, RandomIds};
use octavia_store::Tx;

use super::settings::{of_flavor, of_zone};
use super::{AmphoraOrder, Order, Provider, ReservedVip, Setting, VipWish};
use crate::error::Result;

/// The address of a load balancer for which none was asked: upstream's.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 0, 2, 5));

/// A provider that agrees to everything and does nothing, for tests of the API: what is pending stays
/// so until somebody writes another status into the database.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopProvider;

impl Provider for NoopProvider {
    fn flavor_settings(&self) -> BoxFuture<'_, Result<Vec<Setting>>> {
        ready(Ok(of_flavor(super::NOOP[0]).to_vec())).boxed()
    }

    fn zone_settings(&self) -> BoxFuture<'_, Result<Vec<Setting>>> {
        ready(Ok(of_zone(super::NOOP[0]).to_vec())).boxed()
    }

    fn accepts_zone<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        ready(Ok(())).boxed()
    }

    fn reserve_vip<'a>(&'a self, wish: &'a VipWish) -> BoxFuture<'a, Result<Option<ReservedVip>>> {
        let mut additional = wish.additional.clone();
        let port_id = wish
            .port_id
            .unwrap_or_else(|| Id::from_uuid(RandomIds.next()));
        for vip in &mut additional {
            vip.port_id.get_or_insert(port_id);
        }
        ready(Ok(Some(ReservedVip {
            port_id,
            network_id: wish.network_id,
            subnet_id: wish.subnet_id,
            ip_address: wish.ip_address.unwrap_or(ADDRESS),
            additional,
        })))
        .boxed()
    }

    fn take<'a>(
        &'a self,
        _: &'a mut Tx,
        load_balancer: Id<LoadBalancer>,
        order: &'a Order<'a>,
    ) -> BoxFuture<'a, Result<()>> {
        tracing::debug!(lb.id = %load_balancer, "nothing is done for: {order}");
        ready(Ok(())).boxed()
    }

    fn take_amphora<'a>(
        &'a self,
        _: &'a mut Tx,
        _: &'a Amphora,
        _: AmphoraOrder,
    ) -> BoxFuture<'a, Result<()>> {
        ready(Ok(())).boxed()
    }
}
