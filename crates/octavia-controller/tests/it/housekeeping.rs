//! What is long gone, what nobody wants, and certificates that end.

use std::time::Duration;

use octavia_cloud::{
    CertificateBundle, Compute, NetworkDriver, NewPort, NewServer, Placement, PortPurpose,
};
use octavia_controller::Housekeeping;
use octavia_controller::config::{AmphoraSettings, HousekeepingConfig};
use octavia_model::{Id, ListenerProtocol, LoadBalancer, RandomIds, Secret};
use octavia_store::Resource;
use octavia_testing::eventually;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::stage::{House, Stage, Wish};

const DAY: Duration = Duration::from_hours(24);

fn housekeeping(stage: &Stage) -> Housekeeping {
    let config = HousekeepingConfig {
        cleanup_interval: Duration::from_millis(5),
        ..HousekeepingConfig::default()
    };
    Housekeeping::new(stage.world.clone(), config, AmphoraSettings::default())
}

/// Makes a server and a port for a load balancer that nobody knows.
async fn leave_behind(stage: &Stage) {
    let subnet = stage.cloud.subnet_named("private-subnet");
    let load_balancer: Id<LoadBalancer> = Id::new(&RandomIds);
    let amphora = Id::new(&RandomIds);
    let purpose = PortPurpose::Vrrp {
        amphora,
        load_balancer,
    };
    let port = NewPort {
        purpose,
        network_id: subnet.network_id,
        subnet_id: subnet.id,
        ip_address: None,
        project_id: None,
    };
    let port = stage.cloud.create_port(&port).await.unwrap();
    let server = NewServer {
        amphora_id: amphora,
        load_balancer_id: load_balancer,
        ports: vec![port.id],
        files: Vec::new(),
        availability_zone: None,
        placement: Placement::Anywhere,
    };
    stage.cloud.create_server(&server).await.unwrap();
}

#[tokio::test]
async fn servers_and_ports_of_nobody_are_removed_and_those_of_somebody_stay() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create_tree().await;
    stage.settle(id).await;
    let before = stage.describe(id).await;
    leave_behind(&stage).await;
    assert_ne!(stage.describe(id).await, before);
    let token = CancellationToken::new();
    #[expect(clippy::disallowed_methods, reason = "ended by the handle")]
    let task = AbortOnDropHandle::new(tokio::spawn(housekeeping(&stage).run(token.clone())));
    eventually("only the wanted is left", async || {
        stage.describe(id).await == before
    })
    .await;
    token.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(20), task).await;
    ended.unwrap().unwrap();
}

#[tokio::test]
async fn a_deleted_load_balancer_is_purged_a_week_later() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create().await;
    stage.settle(id).await;
    stage.wish(id, Wish::Delete).await;
    stage.settle(id).await;
    let exists = async || {
        let mut tx = stage.begin().await;
        let text = id.to_string();
        tx.exists(Resource::LoadBalancer, &text).await.unwrap()
    };
    stage.advance(6 * DAY);
    housekeeping(&stage).purge().await.unwrap();
    assert!(exists().await);
    stage.advance(2 * DAY);
    housekeeping(&stage).purge().await.unwrap();
    assert!(!exists().await);
}

/// Makes a load balancer that ends TLS.
async fn create_terminated(stage: &Stage) -> Id<LoadBalancer> {
    let id = stage.create_tree().await;
    let mut tx = stage.begin().await;
    let tree = tx.tree(id).await.unwrap().unwrap();
    let mut listener = tree.listeners[0].clone();
    listener.protocol = ListenerProtocol::TerminatedHttps;
    listener.tls_certificate_id = Some("file:web".to_owned());
    listener.tls_versions = vec!["TLSv1.3".to_owned()];
    tx.save_listener(&listener).await.unwrap();
    tx.commit().await.unwrap();
    let bundle = CertificateBundle {
        certificate: "a certificate".to_owned(),
        private_key: Secret::new("a key".to_owned()),
        intermediates: Vec::new(),
    };
    let project = tree.load_balancer.project_id.unwrap();
    stage
        .secrets
        .put_certificate(project.as_str(), "file:web", bundle);
    id
}

#[tokio::test]
async fn session_tickets_get_other_keys_and_the_keys_before_still_open() {
    let house = House::new().await;
    let stage = house.stage();
    let id = create_terminated(&stage).await;
    stage.settle(id).await;
    let amphora = stage.tree(id).await.unwrap().amphorae[0].id;
    let keys = || {
        let served = stage.agents.served(amphora).unwrap();
        served.listeners[0].tls.clone().unwrap().ticket_keys
    };
    let before = keys();
    assert_eq!(before.len(), 3);
    stage.advance(DAY / 2);
    housekeeping(&stage).send_ticket_keys().await.unwrap();
    stage.settle(id).await;
    let after = keys();
    assert_ne!(after[0], before[0]);
    assert_eq!(after[1], before[0]);
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_replaced_once() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create().await;
    stage.settle(id).await;
    let amphora = stage.tree(id).await.unwrap().amphorae.remove(0);
    let housekeeping = housekeeping(&stage);
    stage.advance(15 * DAY);
    housekeeping.rotate_certificates().await.unwrap();
    assert!(stage.agents.certificate(amphora.id).is_none());
    stage.advance(2 * DAY);
    housekeeping.rotate_certificates().await.unwrap();
    assert!(stage.agents.certificate(amphora.id).is_some());
    let renewed = stage.tree(id).await.unwrap().amphorae.remove(0);
    let end = renewed.cert_expiration.unwrap();
    assert_eq!((end - stage.now()).num_days(), 30);
}

#[tokio::test]
async fn a_rotation_that_fails_is_tried_again() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create().await;
    stage.settle(id).await;
    let amphora = stage.tree(id).await.unwrap().amphorae.remove(0).id;
    let housekeeping = housekeeping(&stage);
    stage.advance(20 * DAY);
    stage.agents.silence(amphora);
    housekeeping.rotate_certificates().await.unwrap();
    assert!(stage.agents.certificate(amphora).is_none());
    stage.agents.wake_all();
    housekeeping.rotate_certificates().await.unwrap();
    assert!(stage.agents.certificate(amphora).is_some());
}
