//! What a load balancer's creator chooses of what operators offer: provider, flavor, zone.

use octavia_model::{Flavor, Id, Network, Topology, VnicType};
use octavia_store::Tx;

use crate::Api;
use crate::error::{Error, Result};
use crate::provider::settings::{FlavorSettings, ZoneSettings};
use crate::provider::{Driver, NamedProvider};
use crate::wire::load_balancer::LoadBalancerPost;

/// What was chosen, and what follows from it.
pub(crate) struct Choice {
    pub(crate) provider: String,
    pub(crate) chosen: NamedProvider,
    pub(crate) driver: Driver,
    pub(crate) topology: Topology,
    pub(crate) vnic_type: VnicType,
    pub(crate) flavor_id: Option<Id<Flavor>>,
    pub(crate) availability_zone: Option<String>,
    /// The networks that the zone allows VIPs on; `None` leaves it to the configuration.
    pub(crate) vip_networks: Option<Vec<Id<Network>>>,
    /// Members may ask for a virtual function of the NIC.
    pub(crate) member_sriov: bool,
}

/// A flavor, and whose settings they are.
struct Chosen {
    id: Id<Flavor>,
    provider: String,
    settings: FlavorSettings,
}

/// Looks up what was chosen; refuses what is not offered, or not carried yet.
pub(crate) async fn choose(api: &Api, post: &LoadBalancerPost) -> Result<Choice> {
    let mut tx = api.store.read("load_balancer.choice").await?;
    let flavor = flavor(&mut tx, post).await?;
    let (zone, zone_document) = zone(&mut tx, post).await?;
    let provider = match (&flavor, post.provider.as_ref()) {
        (Some(flavor), Some(named)) if flavor.provider != *named => {
            let id = flavor.id;
            return Err(Error::BadRequest(format!(
                "Flavor '{id}' is not compatible with provider '{named}'"
            )));
        }
        (Some(flavor), _) => flavor.provider.clone(),
        (None, Some(named)) => named.clone(),
        (None, None) => api.config.default_provider_driver.clone(),
    };
    let chosen = api.providers.chosen(&api.config, &provider)?;
    if let Some(settings) = &zone_document {
        accepts_zone(&chosen, &provider, settings).await?;
    }
    let settings = flavor.as_ref().map(|flavor| flavor.settings);
    let settings = settings.unwrap_or_default();
    let driver = api.driver(Some(&provider));
    let topology = settings
        .topology
        .unwrap_or(api.config.loadbalancer_topology);
    driver.topology(topology)?;
    driver.choice(settings, &zone)?;
    let vnic_type = if settings.sriov_vip {
        VnicType::Direct
    } else {
        VnicType::Normal
    };
    let choice = Choice {
        provider,
        chosen,
        driver,
        topology,
        vnic_type,
        flavor_id: flavor.map(|flavor| flavor.id),
        availability_zone: post.availability_zone.clone().value(),
        vip_networks: zone.valid_vip_networks,
        member_sriov: settings.allow_member_sriov,
    };
    let groups = post.vip_sg_ids.as_ref().map_or(&[][..], Vec::as_slice);
    security_groups(choice.vnic_type, groups)?;
    if post.asks_for_sriov() {
        member_sriov(choice.member_sriov)?;
    }
    Ok(choice)
}

async fn flavor(tx: &mut Tx, post: &LoadBalancerPost) -> Result<Option<Chosen>> {
    if post.flavor_id.is_absent() {
        return Ok(None);
    }
    let unknown = || Error::validation("Invalid flavor_id.");
    let id = *post.flavor_id.as_ref().ok_or_else(unknown)?;
    let flavor = tx.flavor(id).await?.ok_or_else(unknown)?;
    if !flavor.enabled {
        return Err(Error::DisabledOption {
            option: "flavor",
            value: id.to_string(),
        });
    }
    let profile = tx.flavor_profile(flavor.profile_id).await?;
    let profile = profile.ok_or_else(unknown)?;
    Ok(Some(Chosen {
        id,
        settings: FlavorSettings::read(&profile.provider_name, &profile.data)?,
        provider: profile.provider_name,
    }))
}

async fn zone(tx: &mut Tx, post: &LoadBalancerPost) -> Result<(ZoneSettings, Option<String>)> {
    if post.availability_zone.is_absent() {
        return Ok((ZoneSettings::default(), None));
    }
    let unknown = || Error::validation("Invalid availability zone.");
    let name = post.availability_zone.as_ref().ok_or_else(unknown)?;
    let zone = tx.availability_zone(name).await?.ok_or_else(unknown)?;
    if !zone.enabled {
        return Err(Error::DisabledOption {
            option: "availability_zone",
            value: zone.name,
        });
    }
    let profile = tx.availability_zone_profile(zone.profile_id).await?;
    let profile = profile.ok_or_else(unknown)?;
    let settings = ZoneSettings::read(&profile.provider_name, &profile.data)?;
    Ok((settings, Some(profile.data)))
}

/// Asks the provider whether it knows availability zones, and these settings of one.
async fn accepts_zone(chosen: &NamedProvider, provider: &str, settings: &str) -> Result<()> {
    chosen.accepts_zone(settings).await.map_err(|error| {
        if !matches!(error, Error::NotImplemented { .. }) {
            return error;
        }
        Error::NotImplemented {
            provider: provider.to_owned(),
            what: "This provider does not support availability zones.".to_owned(),
        }
    })
}

/// Refuses security groups of a VIP that no bridge filters.
pub(crate) fn security_groups<T>(vnic_type: VnicType, groups: &[T]) -> Result<()> {
    if vnic_type == VnicType::Direct && !groups.is_empty() {
        return Err(Error::validation(
            "VIP Security Groups are not allowed with VNIC direct type",
        ));
    }
    Ok(())
}

/// Refuses a member's wish for a virtual function that the flavor does not allow.
fn member_sriov(allowed: bool) -> Result<()> {
    if !allowed {
        return Err(Error::BadRequest(
            "The load balancer flavor does not allow SR-IOV member ports.".to_owned(),
        ));
    }
    Ok(())
}

/// As [`member_sriov`], by the flavor that a load balancer has.
pub(crate) async fn member_sriov_of(tx: &mut Tx, flavor: Option<Id<Flavor>>) -> Result<()> {
    let mut allowed = false;
    if let Some(id) = flavor
        && let Some(flavor) = tx.flavor(id).await?
        && let Some(profile) = tx.flavor_profile(flavor.profile_id).await?
    {
        let settings = FlavorSettings::read(&profile.provider_name, &profile.data)?;
        allowed = settings.allow_member_sriov;
    }
    member_sriov(allowed)
}
