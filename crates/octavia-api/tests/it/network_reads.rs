//! The reads of the Network API that clients make.

use std::sync::Arc;

use octavia_cloud::fake::FakeCloud;
use serde_json::{Value, json};

use crate::world::{Answer, World, impatient, request, send};

async fn get(path: &str) -> Answer {
    let world = World::new().await;
    let router = world.router_over(impatient(), Arc::new(FakeCloud::new()));
    send(
        &router,
        request("GET", path).body(String::new().into()).unwrap(),
    )
    .await
}

fn names(list: &Value) -> Vec<&str> {
    let items = list.as_array().unwrap();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_subnet_is_found_by_its_name() {
    let answer = get("/v2/subnets?name=private-subnet").await;
    assert_eq!(names(&answer.body["subnets"]), ["private-subnet"]);
    let subnet = &answer.body["subnets"][0];
    assert_eq!(subnet["cidr"], "10.98.0.0/24");
    assert_eq!(subnet["ip_version"], 4);
}

#[tokio::test]
async fn a_network_is_found_by_its_id_and_has_its_subnets() {
    let list = get("/v2.0/networks?name=private").await.body;
    let network = &list["networks"][0];
    let path = format!("/v2.0/networks/{}", network["id"].as_str().unwrap());
    assert_eq!(get(&path).await.body["network"], *network);
    let filter = format!(
        "/v2.0/subnets?network_id={}",
        network["id"].as_str().unwrap()
    );
    assert_eq!(
        names(&get(&filter).await.body["subnets"]),
        ["private-subnet"]
    );
}

#[tokio::test]
async fn fields_are_chosen_and_unknown_filters_ignored() {
    let answer = get("/v2.0/subnets?fields=name&name=private-subnet&tags=x").await;
    assert_eq!(
        answer.body,
        json!({ "subnets": [{ "name": "private-subnet" }] })
    );
}

#[tokio::test]
async fn what_does_not_exist_is_said_as_neutron_says_it() {
    let answer = get("/v2.0/ports/nope").await;
    assert_eq!(answer.status, 404);
    let error = &answer.body["NeutronError"];
    assert_eq!(error["type"], "PortNotFound");
    assert_eq!(error["message"], "Port nope could not be found.");
}
