//! Every role as a process of its own, with nothing between them but the database and the cloud.

use std::net::{TcpListener, UdpSocket};
use std::process::{Child, Command};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::octavia::{Home, send, until};
use crate::site::Site;

/// A process that is asked to end when the test does.
struct Role(Child);

impl Role {
    fn start(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// Stops it softly.
    async fn stop(mut self) {
        send(self.0.id().try_into().unwrap(), Signal::SIGTERM);
        let status = until("a role to stop", async || self.0.try_wait().unwrap()).await;
        assert!(status.success(), "{status}");
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn roles_that_run_apart_make_a_load_balancer_together() {
    let home = Home::new();
    let api = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let heartbeats = UdpSocket::bind((home.host(), 0))
        .unwrap()
        .local_addr()
        .unwrap();
    home.configure(&format!(
        "[DEFAULT]\ngraceful_shutdown_timeout = 20\n[database]\nconnection = sqlite:///{}\n\
         [api_settings]\nbind_port = {}\nauth_strategy = noauth\ndefault_project_id = default\n\
         [local_cloud]\nstate_dir = {}\n[health_manager]\nbind_ip = {}\nbind_port = {}\n\
         heartbeat_key = insecure\n[controller_worker]\ncompute_driver = compute_local_driver\n\
         network_driver = network_local_driver\n",
        home.config().with_extension("db").display(),
        api.port(),
        home.state().display(),
        heartbeats.ip(),
        heartbeats.port(),
    ));
    let mut upgrade = home.role("db");
    assert!(upgrade.arg("upgrade").status().unwrap().success());
    let roles: Vec<Role> = ["api", "worker", "worker", "health-manager", "housekeeping"]
        .map(|role| Role::start(home.role(role)))
        .into();

    let http = reqwest::Client::new();
    let ask = async |path: String| -> Option<serde_json::Value> {
        let answer = http.get(format!("http://{api}{path}")).send().await.ok()?;
        answer.json().await.ok()
    };
    let subnets = until("the API to answer", async || {
        ask("/v2.0/subnets".to_owned()).await
    })
    .await;
    let site = Site::start(home.site(11), "red").await;
    let body = json!({"loadbalancer": {"vip_subnet_id": subnets["subnets"][0]["id"], "listeners": [{
        "protocol": "HTTP", "protocol_port": 8080, "default_pool": {
            "name": "sites", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "members": [{
                "address": site.address().ip(), "protocol_port": site.address().port()}]}}]}});
    let request = http
        .post(format!("http://{api}/v2.0/lbaas/loadbalancers"))
        .json(&body);
    let made: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    let id = made["loadbalancer"]["id"].as_str().unwrap().to_owned();
    until("the load balancer to be online", async || {
        let answer = ask(format!("/v2.0/lbaas/loadbalancers/{id}")).await?;
        let reached = answer["loadbalancer"]["operating_status"] == "ONLINE"
            && answer["loadbalancer"]["provisioning_status"] == "ACTIVE";
        reached.then_some(())
    })
    .await;
    let vip = made["loadbalancer"]["vip_address"].as_str().unwrap();
    let answer = http
        .get(format!("http://{vip}:8080/"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.text().await.unwrap(), "red");
    for role in roles {
        role.stop().await;
    }
    assert_eq!(home.processes().len(), 1, "the amphora serves on");
}
