//! The whole at work: a load balancer made by HTTP, its traffic, and what survives what.

use nix::sys::signal::Signal;

use serde_json::{Value, json};

use crate::octavia::{Home, Service, send, until};
use crate::site::Site;

/// A load balancer with two sites behind it.
struct Web {
    id: String,
    url: String,
    _sites: [Site; 2],
}

impl Web {
    /// Makes one in a single call, and waits until it is ACTIVE.
    async fn create(home: &Home, service: &Service) -> Self {
        let sites = [
            Site::start(home.site(11), "red").await,
            Site::start(home.site(12), "blue").await,
        ];
        let members: Vec<Value> = sites
            .iter()
            .map(|site| {
                json!({"address": site.address().ip(), "protocol_port": site.address().port()})
            })
            .collect();
        let subnet = subnet_id(service).await;
        let body = json!({"loadbalancer": {"name": "web", "vip_subnet_id": subnet, "listeners": [{
            "protocol": "HTTP", "protocol_port": 8080, "default_pool": {
                "name": "sites", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "members": members}}]}});
        let made = service.post("loadbalancers", &body).await;
        let text = |key: &str| made["loadbalancer"][key].as_str().unwrap().to_owned();
        let web = Self {
            id: text("id"),
            url: format!("http://{}:8080/", text("vip_address")),
            _sites: sites,
        };
        web.until_active(service).await;
        web
    }

    async fn until_active(&self, service: &Service) {
        until("the load balancer to be ACTIVE", async || {
            let answer = service.get(&format!("loadbalancers/{}", self.id)).await;
            (answer["loadbalancer"]["provisioning_status"] == "ACTIVE").then_some(())
        })
        .await;
    }

    /// Waits until both sites answer through the VIP.
    async fn until_both_answer(&self, service: &Service) {
        for name in ["red", "blue"] {
            until("both sites to answer", async || {
                let answer = service.visit(&self.url).await?;
                (answer == name).then_some(())
            })
            .await;
        }
    }
}

/// Returns the subnet for VIPs.
pub(crate) async fn subnet_id(service: &Service) -> String {
    let url = format!("{}/v2.0/subnets?name=private-subnet", service.endpoint);
    let answer = service.http.get(url).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["subnets"][0]["id"].as_str().unwrap().to_owned()
}

/// Returns the amphorae's processes.
fn amphorae(home: &Home, service: &Service) -> Vec<i32> {
    let mut processes = home.processes();
    processes.retain(|pid| *pid != service.pid());
    processes
}

#[tokio::test]
async fn traffic_passes_and_a_clean_stop_leaves_no_process_behind() {
    let home = Home::new();
    let service = Service::start(&home).await;
    let web = Web::create(&home, &service).await;
    web.until_both_answer(&service).await;
    assert_eq!(amphorae(&home, &service).len(), 1);
    let (status, log) = service.terminate().await;
    assert!(status.success(), "{log}");
    assert_eq!(home.processes(), Vec::<i32>::new());

    let service = Service::start(&home).await;
    web.until_both_answer(&service).await;
    service
        .delete(&format!("loadbalancers/{}?cascade=true", web.id))
        .await;
    until("the amphora to be gone", async || {
        amphorae(&home, &service).is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn amphorae_serve_while_the_controller_is_dead_and_are_found_again() {
    let home = Home::new();
    let service = Service::start(&home).await;
    let web = Web::create(&home, &service).await;
    web.until_both_answer(&service).await;
    let before = amphorae(&home, &service);
    service.kill();

    let visitor = reqwest::Client::new();
    let answer = visitor.get(&web.url).send().await.unwrap();
    assert!(answer.status().is_success(), "nobody is needed to serve");

    let service = Service::start(&home).await;
    assert_eq!(
        amphorae(&home, &service),
        before,
        "the same process serves on"
    );
    let pool = service.get("pools").await["pools"][0]["id"].clone();
    let member = json!({"member": {"address": "127.0.0.1", "protocol_port": 1, "weight": 0}});
    let path = format!("pools/{}/members", pool.as_str().unwrap());
    service.post(&path, &member).await;
    web.until_active(&service).await;
    web.until_both_answer(&service).await;
}

#[tokio::test]
async fn an_amphora_that_is_killed_comes_back() {
    let home = Home::new();
    let service = Service::start(&home).await;
    let web = Web::create(&home, &service).await;
    web.until_both_answer(&service).await;
    for pid in amphorae(&home, &service) {
        send(pid, Signal::SIGKILL);
    }
    until("the amphora to be gone", async || {
        service.visit(&web.url).await.is_none().then_some(())
    })
    .await;
    web.until_both_answer(&service).await;
    web.until_active(&service).await;
}

/// Makes a load balancer whose policies choose, refuse and redirect by the path.
async fn with_policies(service: &Service, sites: &[Site; 2]) -> (String, String) {
    let pool = |name: &str, site: &Site| {
        json!({"name": name, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "members": [
            {"address": site.address().ip(), "protocol_port": site.address().port()}]})
    };
    let on = |path: &str| json!([{"type": "PATH", "compare_type": "STARTS_WITH", "value": path}]);
    let policies = json!([
        {"action": "REDIRECT_TO_POOL", "redirect_pool": {"name": "api"}, "rules": on("/api")},
        {"action": "REJECT", "rules": on("/api/private")},
        {"action": "REDIRECT_TO_URL", "redirect_url": "https://new.example.test/?a=1&b=2",
            "redirect_http_code": 301, "rules": on("/old")},
    ]);
    let subnet = subnet_id(service).await;
    let body = json!({"loadbalancer": {"vip_subnet_id": subnet, "pools": [pool("api", &sites[1])],
        "listeners": [{"protocol": "HTTP", "protocol_port": 8080,
            "default_pool": pool("web", &sites[0]), "l7policies": policies}]}});
    let made = service.post("loadbalancers", &body).await;
    let text = |key: &str| made["loadbalancer"][key].as_str().unwrap().to_owned();
    (text("id"), format!("http://{}:8080", text("vip_address")))
}

#[tokio::test]
async fn policies_choose_a_pool_refuse_and_redirect() {
    let home = Home::new();
    let service = Service::start(&home).await;
    let sites = [
        Site::start(home.site(11), "web").await,
        Site::start(home.site(12), "api").await,
    ];
    let (id, url) = with_policies(&service, &sites).await;
    for (path, expected) in [("/", "web"), ("/api/x", "api")] {
        until("the pools to answer", async || {
            let answer = service.visit(&format!("{url}{path}")).await?;
            (answer == expected).then_some(())
        })
        .await;
    }
    let visitor = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let refused = visitor.get(format!("{url}/api/private")).send().await;
    assert_eq!(refused.unwrap().status(), 403);
    let redirected = visitor.get(format!("{url}/old")).send().await.unwrap();
    assert_eq!(redirected.status(), 301);
    let location = &redirected.headers()["location"];
    assert_eq!(location, "https://new.example.test/?a=1&b=2");

    until("both pools to be ONLINE", async || {
        let path = format!("loadbalancers/{id}/status");
        let listener = service.get(&path).await["statuses"]["loadbalancer"]["listeners"][0].clone();
        let pools = listener["pools"].as_array()?.clone();
        let online = pools
            .iter()
            .all(|pool| pool["operating_status"] == "ONLINE");
        (pools.len() == 2 && online).then_some(())
    })
    .await;
}
