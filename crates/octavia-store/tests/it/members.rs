//! Many members at once.

use std::net::{IpAddr, Ipv4Addr};

use octavia_model::{Member, ProvisioningStatus};
use octavia_store::Error;
use octavia_testing::member_at;

use crate::fixture::{Tree, stores};

/// More than one statement takes, whether it adds rows or asks for what belongs to them.
const MANY: u16 = 4500;

fn many(tree: &Tree) -> Vec<Member> {
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77));
    let ports = 1..=MANY;
    ports
        .map(|port| member_at(&tree.pool, address, port))
        .collect()
}

fn sorted(mut members: Vec<Member>) -> Vec<Member> {
    members.retain(|member| member.ip_address_text == "192.0.2.77");
    members.sort_by_key(|member| member.protocol_port);
    members
}

#[tokio::test(flavor = "multi_thread")]
async fn many_members_are_written_over_in_few_statements() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut wanted = many(&tree);
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_members(&wanted).await.unwrap();
        let found = sorted(tx.members_of(tree.pool.id).await.unwrap());
        for (member, made) in wanted.iter_mut().zip(&found) {
            assert!(made.created_at.is_some());
            member.created_at = made.created_at;
            member.weight = None;
            member.provisioning_status = ProvisioningStatus::PendingUpdate;
        }
        wanted[7].tags = vec!["seventh".to_owned()];
        wanted[4400].tags = vec!["Early".to_owned(), "late".to_owned()];
        let before = tx.statements();
        tx.save_members(&wanted).await.unwrap();
        let statements = tx.statements() - before;
        assert!(statements < 50, "{statements}");
        let found = sorted(tx.members_of(tree.pool.id).await.unwrap());
        let saved = found.first().and_then(|member| member.updated_at);
        assert!(saved.is_some());
        for member in &mut wanted {
            member.updated_at = saved;
        }
        assert!(found == wanted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_gone_is_not_made_by_saving_it() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let wanted = many(&tree);
        let (gone, there) = wanted.split_last().unwrap();
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_members(there).await.unwrap();
        let refused = tx.save_members(&wanted).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        assert_eq!(tx.member(tree.pool.id, gone.id).await.unwrap(), None);
    }
}
