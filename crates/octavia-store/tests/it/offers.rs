//! What operators offer: flavors and availability zones.

use octavia_model::{
    AvailabilityZone, AvailabilityZoneProfile, Flavor, FlavorProfile, Id, ProvisioningStatus,
    RandomIds,
};
use octavia_store::{Error, ListQuery, Resource, Store, TagFilter};

use crate::fixture::stores;

fn profile() -> FlavorProfile {
    FlavorProfile {
        id: Id::new(&RandomIds),
        name: "small".to_owned(),
        provider_name: "amphora".to_owned(),
        data: r#"{"loadbalancer_topology": "SINGLE"}"#.to_owned(),
    }
}

fn flavor(profile: &FlavorProfile) -> Flavor {
    Flavor {
        id: Id::new(&RandomIds),
        name: "bronze".to_owned(),
        description: None,
        enabled: true,
        profile_id: profile.id,
    }
}

fn zone_profile() -> AvailabilityZoneProfile {
    AvailabilityZoneProfile {
        id: Id::new(&RandomIds),
        name: "east".to_owned(),
        provider_name: "amphora".to_owned(),
        data: "{}".to_owned(),
    }
}

fn zone(profile: &AvailabilityZoneProfile) -> AvailabilityZone {
    AvailabilityZone {
        name: "east-1".to_owned(),
        description: Some("by the sea".to_owned()),
        enabled: true,
        profile_id: profile.id,
    }
}

async fn offer(store: &Store) -> (Flavor, AvailabilityZone) {
    let (profile, zone_profile) = (profile(), zone_profile());
    let (flavor, zone) = (flavor(&profile), zone(&zone_profile));
    let mut tx = store.begin("test").await.unwrap();
    tx.insert_flavor_profile(&profile).await.unwrap();
    tx.insert_flavor(&flavor).await.unwrap();
    tx.insert_availability_zone_profile(&zone_profile)
        .await
        .unwrap();
    tx.insert_availability_zone(&zone).await.unwrap();
    tx.commit().await.unwrap();
    (flavor, zone)
}

#[tokio::test]
async fn offers_are_read_back_as_they_were_written() {
    for (_database, store, _) in stores().await {
        let (mut flavor, mut zone) = offer(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        assert_eq!(tx.flavor(flavor.id).await.unwrap(), Some(flavor.clone()));
        flavor.description = Some("slow".to_owned());
        flavor.enabled = false;
        tx.save_flavor(&flavor).await.unwrap();
        assert_eq!(tx.flavor(flavor.id).await.unwrap(), Some(flavor));
        zone.description = None;
        tx.save_availability_zone(&zone).await.unwrap();
        let found = tx.availability_zone(&zone.name).await.unwrap();
        assert_eq!(found, Some(zone));
    }
}

#[tokio::test]
async fn the_placeholders_are_never_shown() {
    for (_database, store, _) in stores().await {
        let (flavor, zone) = offer(&store).await;
        let all = ListQuery::default();
        let mut tx = store.read("test").await.unwrap();
        assert_eq!(tx.flavors(&all).await.unwrap(), [flavor]);
        assert_eq!(tx.flavor_profiles(&all).await.unwrap().len(), 1);
        assert_eq!(tx.availability_zones(&all).await.unwrap(), [zone]);
        assert_eq!(tx.availability_zone_profiles(&all).await.unwrap().len(), 1);
        assert_eq!(tx.flavor(Id::PLACEHOLDER).await.unwrap(), None);
        let name = Id::<Flavor>::PLACEHOLDER.to_string();
        assert_eq!(tx.availability_zone(&name).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_a_load_balancer_has_cannot_be_removed_until_the_load_balancer_is_gone() {
    for (_database, store, _) in stores().await {
        let (flavor, zone) = offer(&store).await;
        let mut load_balancer = octavia_testing::load_balancer();
        load_balancer.flavor_id = Some(flavor.id);
        load_balancer.availability_zone = Some(zone.name.clone());
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_load_balancer(&load_balancer).await.unwrap();
        let refused = tx.delete_flavor(flavor.id).await;
        assert!(matches!(refused, Err(Error::InUse(_))), "{refused:?}");
        let refused = tx.delete_availability_zone(&zone.name).await;
        assert!(matches!(refused, Err(Error::InUse(_))), "{refused:?}");
        let refused = tx.delete_flavor_profile(flavor.profile_id).await;
        assert!(matches!(refused, Err(Error::InUse(_))), "{refused:?}");

        load_balancer.provisioning_status = ProvisioningStatus::Deleted;
        tx.save_load_balancer(&load_balancer).await.unwrap();
        tx.delete_flavor(flavor.id).await.unwrap();
        tx.delete_availability_zone(&zone.name).await.unwrap();
        tx.delete_flavor_profile(flavor.profile_id).await.unwrap();
        tx.delete_availability_zone_profile(zone.profile_id)
            .await
            .unwrap();
        assert_eq!(tx.flavor(flavor.id).await.unwrap(), None);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_name_is_taken_once() {
    for (_database, store, _) in stores().await {
        let (flavor, zone) = offer(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        let second = Flavor {
            id: Id::new(&RandomIds),
            ..flavor
        };
        let refused = tx.insert_flavor(&second).await;
        assert!(matches!(refused, Err(Error::Duplicate(_))), "{refused:?}");
        let refused = tx.insert_availability_zone(&zone).await;
        assert!(matches!(refused, Err(Error::Duplicate(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn what_has_no_tags_cannot_be_listed_by_them() {
    for (_database, store, _) in stores().await {
        let query = ListQuery {
            tags: TagFilter {
                all: vec!["a".to_owned()],
                ..TagFilter::default()
            },
            ..ListQuery::default()
        };
        let mut tx = store.read("test").await.unwrap();
        let refused = tx.flavors(&query).await;
        assert!(
            matches!(refused, Err(Error::UnknownField(_))),
            "{refused:?}"
        );
        assert!(!tx.exists(Resource::Flavor, "nobody").await.unwrap());
    }
}
