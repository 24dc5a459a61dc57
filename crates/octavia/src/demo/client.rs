//! A client of the API, over TCP as any other.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::site::Site;
use crate::failure::Failure;

const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How long anything in the story may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often something is looked at that is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// A client of one API endpoint.
pub(super) struct Client {
    http: reqwest::Client,
    endpoint: String,
}

/// A load balancer, as far as the demonstration cares.
pub(super) struct LoadBalancer {
    pub(super) id: String,
    pub(super) pool_id: String,
    pub(super) url: String,
}

impl Client {
    /// Makes a client.
    pub(super) fn new(endpoint: &str) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .timeout(ANSWER_LIMIT)
            .no_proxy()
            .build()
            .map_err(|error| Failure::Other(error.into()))?;
        Ok(Self {
            http,
            endpoint: endpoint.to_owned(),
        })
    }

    /// Creates a load balancer with all that belongs to it, in one call.
    pub(super) async fn create(
        &self,
        subnet_id: &str,
        port: u16,
        sites: &[Site],
    ) -> Result<LoadBalancer, Failure> {
        let members: Vec<Value> = sites
            .iter()
            .map(|site| {
                json!({"name": site.name(), "address": site.address().ip().to_string(),
                       "protocol_port": site.address().port()})
            })
            .collect();
        let body = json!({"loadbalancer": {
        "name": "demo", "vip_subnet_id": subnet_id, "listeners": [{
            "name": "web", "protocol": "HTTP", "protocol_port": port,
            "default_pool": {
                "name": "sites", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN",
                "members": members,
                "healthmonitor": {"type": "HTTP", "delay": 1, "timeout": 1, "max_retries": 1,
                                  "max_retries_down": 1, "url_path": "/"},
            }}]}});
        let request = self.http.post(self.url("loadbalancers")).json(&body);
        let answer = self.ask(request).await?;
        let made = &answer["loadbalancer"];
        let address = text(made, "vip_address")?;
        Ok(LoadBalancer {
            id: text(made, "id")?,
            pool_id: text(&made["pools"][0], "id")?,
            url: format!("http://{address}:{port}/"),
        })
    }

    /// Waits until the load balancer is ACTIVE.
    pub(super) async fn until_active(&self, id: &str) -> Result<(), Failure> {
        let path = format!("loadbalancers/{id}");
        self.until(&path, "the load balancer to be ACTIVE", |answer| {
            answer["loadbalancer"]["provisioning_status"] == "ACTIVE"
        })
        .await
    }

    /// Waits until a member of the pool has an operating status.
    pub(super) async fn until_member_is(
        &self,
        pool_id: &str,
        name: &str,
        status: &str,
    ) -> Result<(), Failure> {
        let path = format!("pools/{pool_id}/members");
        let what = format!("member {name} to be {status}");
        self.until(&path, &what, |answer| {
            let members = answer["members"].as_array().map_or(&[][..], Vec::as_slice);
            members
                .iter()
                .any(|member| member["name"] == name && member["operating_status"] == status)
        })
        .await
    }

    /// Sends a request to a site through the load balancer, and returns the answer's text.
    pub(super) async fn visit(&self, url: &str) -> Result<String, Failure> {
        let failed = |error: reqwest::Error| Failure::Other(error.into());
        let answer = self.http.get(url).send().await.map_err(failed)?;
        let answer = answer.error_for_status().map_err(failed)?;
        answer.text().await.map_err(failed)
    }

    async fn until(
        &self,
        path: &str,
        what: &str,
        reached: impl Fn(&Value) -> bool,
    ) -> Result<(), Failure> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if reached(&self.ask(self.http.get(self.url(path))).await?) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        let seconds = PATIENCE.as_secs();
        Err(Failure::text(format!(
            "waited {seconds} s in vain for {what}"
        )))
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Value, Failure> {
        let failed = |error: reqwest::Error| Failure::Other(error.into());
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(failed)?;
        if status.is_success() {
            Ok(body)
        } else {
            Err(Failure::text(format!("the API answered {status}: {body}")))
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v2.0/lbaas/{path}", self.endpoint)
    }
}

fn text(json: &Value, key: &str) -> Result<String, Failure> {
    json[key]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Failure::text(format!("the API's answer has no {key}: {json}")))
}
