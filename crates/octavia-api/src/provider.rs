//! Who drives load balancers: what a provider is told, and what it may answer.

mod amphora;
mod capabilities;
mod driver;
mod noop;
mod order;
pub(crate) mod settings;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use octavia_model::{AdditionalVip, Amphora, Clock, Id, LoadBalancer, Network, Port, Subnet};
use octavia_store::Tx;

use crate::error::{Error, Result};
use crate::{Api, ApiConfig};

pub use capabilities::Capabilities;
pub(crate) use driver::Driver;
use driver::unsupported;
pub use noop::NoopProvider;
pub use order::{AmphoraOrder, MemberOrder, ObjectKind, Order};
pub use settings::Setting;

/// How long a provider may take to answer. A caller waits, and so does whoever comes after it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Drives load balancers of its kind.
///
/// What it refuses is refused to the caller with [`Error::Unsupported`] or [`Error::NotImplemented`];
/// any other error is its failure.
pub trait Provider: Send + Sync {
    /// Returns what profiles of flavors may say to it.
    fn flavor_settings(&self) -> BoxFuture<'_, Result<Vec<Setting>>>;

    /// Returns what profiles of availability zones may say to it.
    fn zone_settings(&self) -> BoxFuture<'_, Result<Vec<Setting>>>;

    /// Checks that it drives load balancers in availability zones with these settings.
    fn accepts_zone<'a>(&'a self, settings: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Reserves the address of a new load balancer; `None` leaves that to the network.
    fn reserve_vip<'a>(&'a self, wish: &'a VipWish) -> BoxFuture<'a, Result<Option<ReservedVip>>>;

    /// Takes over a change that was decided, and is written in this transaction: with an error, nothing
    /// of it is kept.
    fn take<'a>(
        &'a self,
        tx: &'a mut Tx,
        load_balancer: Id<LoadBalancer>,
        order: &'a Order<'a>,
    ) -> BoxFuture<'a, Result<()>>;

    /// As [`Self::take`], of what an operator wants done with an amphora.
    fn take_amphora<'a>(
        &'a self,
        tx: &'a mut Tx,
        amphora: &'a Amphora,
        order: AmphoraOrder,
    ) -> BoxFuture<'a, Result<()>>;
}

/// The address that a new load balancer is to have.
#[derive(Debug, Clone)]
pub struct VipWish {
    /// The load balancer.
    pub load_balancer: Id<LoadBalancer>,
    /// The project that it is for.
    pub project_id: Option<String>,
    /// The network.
    pub network_id: Id<Network>,
    /// The subnet.
    pub subnet_id: Id<Subnet>,
    /// The address; any if absent.
    pub ip_address: Option<IpAddr>,
    /// The caller's own port.
    pub port_id: Option<Id<Port>>,
    /// Addresses beside it.
    pub additional: Vec<AdditionalVip>,
}

/// An address that a provider keeps for a load balancer.
#[derive(Debug, Clone)]
pub struct ReservedVip {
    /// The port that holds it.
    pub port_id: Id<Port>,
    /// The network.
    pub network_id: Id<Network>,
    /// The subnet.
    pub subnet_id: Id<Subnet>,
    /// The address.
    pub ip_address: IpAddr,
    /// Addresses beside it.
    pub additional: Vec<AdditionalVip>,
}

/// The providers that this service has, by name.
#[derive(Clone)]
pub(crate) struct Providers(IndexMap<String, Arc<dyn Provider>>);

impl Providers {
    /// Returns those of upstream's names: the amphora's, and the one that does nothing.
    pub(crate) fn built_in(clock: &Arc<dyn Clock>) -> Self {
        let amphora = amphora::AmphoraProvider::new(Arc::clone(clock));
        let amphora: Arc<dyn Provider> = Arc::new(amphora);
        let noop: Arc<dyn Provider> = Arc::new(NoopProvider);
        let named = AMPHORA
            .map(|name| (name.to_owned(), Arc::clone(&amphora)))
            .into_iter()
            .chain(NOOP.map(|name| (name.to_owned(), Arc::clone(&noop))));
        Self(named.collect())
    }

    /// Puts something around every provider.
    pub(crate) fn around(&mut self, wrap: impl Fn(&str, Arc<dyn Provider>) -> Arc<dyn Provider>) {
        for (name, provider) in &mut self.0 {
            *provider = wrap(name, Arc::clone(provider));
        }
    }

    /// Returns the provider of this name, if users may choose it and somebody here drives it.
    pub(crate) fn chosen(&self, config: &ApiConfig, name: &str) -> Result<NamedProvider> {
        if !config.enabled_provider_drivers.contains_key(name) {
            let text = format!("Provider '{name}' is not enabled.");
            return Err(Error::BadRequest(text));
        }
        self.of(name)
    }

    /// Returns the provider of a load balancer that there is.
    pub(crate) fn of(&self, name: &str) -> Result<NamedProvider> {
        let found = self.0.get(name);
        let provider = found.ok_or_else(|| Error::NoProvider(name.to_owned()))?;
        Ok(NamedProvider {
            name: name.to_owned(),
            provider: Arc::clone(provider),
        })
    }
}

impl Api {
    /// Returns the driver of a provider; `None` is the provider of load balancers that name none.
    pub(crate) fn driver(&self, provider: Option<&str>) -> Driver {
        Driver::of(provider, &self.capabilities)
    }
}

/// A provider, and the name that it was chosen by. Whatever it is asked, it answers in time.
#[derive(Clone)]
pub(crate) struct NamedProvider {
    name: String,
    provider: Arc<dyn Provider>,
}

impl NamedProvider {
    /// Returns the name that it was chosen by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// As [`Provider::flavor_settings`].
    pub(crate) async fn flavor_settings(&self) -> Result<Vec<Setting>> {
        self.in_time(self.provider.flavor_settings()).await
    }

    /// As [`Provider::zone_settings`].
    pub(crate) async fn zone_settings(&self) -> Result<Vec<Setting>> {
        self.in_time(self.provider.zone_settings()).await
    }

    /// As [`Provider::accepts_zone`].
    pub(crate) async fn accepts_zone(&self, settings: &str) -> Result<()> {
        self.in_time(self.provider.accepts_zone(settings)).await
    }

    /// As [`Provider::reserve_vip`].
    pub(crate) async fn reserve_vip(&self, wish: &VipWish) -> Result<Option<ReservedVip>> {
        self.in_time(self.provider.reserve_vip(wish)).await
    }

    /// As [`Provider::take`].
    pub(crate) async fn take(
        &self,
        tx: &mut Tx,
        load_balancer: Id<LoadBalancer>,
        order: &Order<'_>,
    ) -> Result<()> {
        self.in_time(self.provider.take(tx, load_balancer, order))
            .await
    }

    /// As [`Provider::take_amphora`].
    pub(crate) async fn take_amphora(
        &self,
        tx: &mut Tx,
        amphora: &Amphora,
        order: AmphoraOrder,
    ) -> Result<()> {
        self.in_time(self.provider.take_amphora(tx, amphora, order))
            .await
    }

    async fn in_time<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        answer.unwrap_or_else(|_| {
            Err(Error::Provider {
                provider: self.name.clone(),
                what: format!("it does not answer within {} s", PATIENCE.as_secs()),
            })
        })
    }
}

/// The provider that drives amphorae, whatever drives their load balancers.
pub(crate) const OF_AMPHORAE: &str = "amphora";

/// The names of the provider whose amphorae we drive.
const AMPHORA: [&str; 3] = ["amphora", "octavia", "amphorav2"];

/// The names of the provider that does nothing.
const NOOP: [&str; 2] = ["noop_driver", "noop_driver-alt"];

/// Tells whether a name is one of the amphora provider's.
pub(crate) fn is_ours(provider: &str) -> bool {
    AMPHORA.contains(&provider)
}

/// Tells whether a name is one of the provider that does nothing.
fn is_noop(provider: &str) -> bool {
    NOOP.contains(&provider)
}
