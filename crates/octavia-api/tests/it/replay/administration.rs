//! Recordings of what operators do.

use super::scenarios::{NOTHING, PROVIDER, Scenario};
use super::{Step, replay};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flavors_and_zones() {
    replay(Scenario {
        file: "offers",
        // Stands for the one of another provider that was there when it was recorded.
        before: &[(
            "az-delete",
            Step::Make(
                "loadbalancer",
                r#"{
                    "vip_subnet_id": "11111111-1111-1111-1111-111111111111",
                    "availability_zone": "az1"
                }"#,
                "",
            ),
        )],
        any_order: &["fp-list", "fp-filter-provider", "azp-list", "f-list-user"],
        left_out: &[
            ("lb-az-noop-provider", PROVIDER),
            ("fcap-noop_driver", PROVIDER),
            ("azcap-noop_driver", PROVIDER),
        ],
        ..NOTHING
    })
    .await;
}
