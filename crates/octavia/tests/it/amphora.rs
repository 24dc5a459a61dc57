//! The `amphora` role alone, with this test as its controller.

use std::fs::File;
use std::net::{IpAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::Signal;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::{Certificate, Client, Identity};
use serde_json::{Value, json};

use crate::octavia::{Home, octavia, send, until};
use crate::site::Site;

const ID: &str = "a3a30000-0000-4000-8000-000000000001";
const VIP_PORT: u16 = 8080;

/// The files of an amphora.
pub(crate) struct Boot {
    pub(crate) home: Home,
    authority: String,
    controller: String,
}

impl Boot {
    pub(crate) fn new() -> Self {
        let home = Home::new();
        std::fs::create_dir(home.state()).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let boot = Self {
            home,
            controller: issue(&issuer, &[]),
            authority,
        };
        boot.write("server.pem", &issue(&issuer, &[ID.to_owned()]));
        boot.write("client_ca.pem", &boot.authority);
        boot.write(
            "agent.conf",
            &format!(
                "[amphora_agent]\namphora_id = {ID}\nagent_server_cert = server.pem\n\
                 agent_server_ca = client_ca.pem\n[haproxy_amphora]\nbase_path = .\nbind_port = 0\n\
                 [health_manager]\nheartbeat_key = secret\n"
            ),
        );
        boot
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.state().join(name)
    }

    pub(crate) fn vip(&self) -> IpAddr {
        self.home.site(5).ip()
    }

    /// The certificate of the agent, which serves as one of a listener.
    fn server_certificate(&self) -> Value {
        let pem = std::fs::read_to_string(self.path("server.pem")).unwrap();
        let (chain, key) = pem.split_at(pem.find("-----BEGIN PRIVATE").unwrap());
        json!({"chain": chain, "key": key})
    }

    /// A document with one listener, and the site behind it.
    pub(crate) fn document(&self, site: &Site) -> Value {
        let member = json!({
            "id": "3e3e0000-0000-4000-8000-000000000011", "weight": 1,
            "address": site.address().ip(), "port": site.address().port(),
        });
        json!({
            "generation": 1, "amphora_id": ID, "vips": [self.vip()],
            "load_balancer_id": "1b1b0000-0000-4000-8000-000000000001",
            "listeners": [{
                "id": "15150000-0000-4000-8000-000000000001", "protocol": "HTTP", "port": VIP_PORT,
                "default_pool": "90900000-0000-4000-8000-000000000001",
                "timeouts": {"client_data_ms": 50_000, "member_connect_ms": 5_000,
                    "member_data_ms": 50_000, "tcp_inspect_ms": 0},
            }],
            "pools": [{
                "id": "90900000-0000-4000-8000-000000000001", "protocol": "HTTP",
                "algorithm": "ROUND_ROBIN", "members": [member],
            }],
        })
    }

    pub(crate) async fn start(&self) -> Amphora {
        self.start_program(Path::new(env!("CARGO_BIN_EXE_octavia")))
            .await
    }

    /// Starts a copy of the binary.
    pub(crate) async fn start_program(&self, program: &Path) -> Amphora {
        let log = self.path("log");
        let mut child = Command::new(program)
            .args(["amphora", "--bind-host", "127.0.0.1", "--config-file"])
            .arg(self.path("agent.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let port: u16 = until("the amphora to be ready", async || {
            let said = std::fs::read_to_string(&log).unwrap();
            assert!(child.try_wait().unwrap().is_none(), "{said}");
            let (_, address) = said.split_once("its agent listens on 127.0.0.1:")?;
            address.split_once('"')?.0.parse().ok()
        })
        .await;
        let client = Client::builder()
            .no_proxy()
            .tls_certs_only([Certificate::from_pem(self.authority.as_bytes()).unwrap()])
            .identity(Identity::from_pem(self.controller.as_bytes()).unwrap())
            .resolve(ID, ([127, 0, 0, 1], port).into());
        Amphora {
            child,
            agent: format!("https://{ID}:{port}/v1"),
            client: client.build().unwrap(),
            site: format!("http://{}:{VIP_PORT}/", self.vip()),
        }
    }
}

fn issue(issuer: &Issuer<'_, KeyPair>, names: &[String]) -> String {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(names).unwrap();
    params.signed_by(&key, issuer).unwrap().pem() + &key.serialize_pem()
}

/// A running amphora.
pub(crate) struct Amphora {
    pub(crate) child: Child,
    agent: String,
    client: Client,
    pub(crate) site: String,
}

impl Amphora {
    pub(crate) async fn push(&self, document: &Value) {
        let request = self.client.put(format!("{}/config", self.agent));
        let answer = request.json(document).send().await.unwrap();
        let status = answer.status();
        assert!(
            status.is_success(),
            "{status}: {}",
            answer.text().await.unwrap()
        );
    }

    pub(crate) async fn status(&self) -> Value {
        let answer = self.client.get(format!("{}/status", self.agent)).send();
        answer.await.unwrap().json().await.unwrap()
    }

    /// Pushes what is refused; returns why.
    async fn push_refused(&self, document: &Value) -> String {
        let request = self.client.put(format!("{}/config", self.agent));
        let answer = request.json(document).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        answer.text().await.unwrap()
    }

    async fn fault(&self) -> Option<String> {
        self.status().await["fault"].as_str().map(str::to_owned)
    }

    pub(crate) async fn visit(&self) -> String {
        let answer = self.client.get(&self.site).send().await.unwrap();
        answer.text().await.unwrap()
    }

    async fn terminate(mut self) -> ExitStatus {
        send(self.child.id().try_into().unwrap(), Signal::SIGTERM);
        until("the amphora to end", async || {
            self.child.try_wait().unwrap()
        })
        .await
    }
}

impl Drop for Amphora {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn an_amphora_serves_again_after_a_kill_without_a_controller() {
    let boot = Boot::new();
    let site = Site::start(boot.home.site(11), "red").await;
    let amphora = boot.start().await;
    amphora.push(&boot.document(&site)).await;
    assert_eq!(amphora.visit().await, "red");
    drop(amphora);

    let amphora = boot.start().await;
    assert_eq!(amphora.fault().await, None);
    assert_eq!(amphora.visit().await, "red");
    assert!(amphora.terminate().await.success());
}

#[tokio::test]
async fn an_address_in_use_at_the_start_is_named_and_tried_again() {
    let boot = Boot::new();
    let site = Site::start(boot.home.site(11), "red").await;
    let document = boot.document(&site).to_string();
    boot.write("config.json", &document);
    let taken = TcpListener::bind((boot.vip(), VIP_PORT)).unwrap();

    let amphora = boot.start().await;
    let fault = amphora.fault().await.unwrap();
    let vip = boot.vip();
    let expected = format!("bind {vip}:{VIP_PORT}: Address already in use (os error 98)");
    assert!(fault.ends_with(&expected), "{fault}");
    drop(taken);
    until("the address to be taken", async || {
        amphora.fault().await.is_none().then_some(())
    })
    .await;
    assert_eq!(amphora.visit().await, "red");
}

#[tokio::test]
async fn what_is_wrong_with_tls_is_told_by_the_agent() {
    let boot = Boot::new();
    let site = Site::start(boot.home.site(11), "red").await;
    let amphora = boot.start().await;
    let mut document = boot.document(&site);
    document["listeners"][0]["tls"] = json!({
        "certificates": [{"chain": boot.authority, "key": "no key"}],
        "versions": ["TLSv1.3"],
    });
    let refused = amphora.push_refused(&document).await;
    let cause =
        "listener 15150000-0000-4000-8000-000000000001: certificate 1: the private key is not";
    assert!(refused.contains(cause), "{refused}");

    let certificate = boot.server_certificate();
    document["listeners"][0]["tls"]["certificates"][0] = certificate;
    document["pools"][0]["tls"] = json!({"versions": ["TLSv1.3"]});
    document["pools"][0]["health_monitor"] = json!({
        "id": "40400000-0000-4000-8000-000000000001", "check": {"type": "TLS_HELLO"},
        "delay_s": 1, "timeout_s": 1, "rise": 1, "fall": 1,
    });
    amphora.push(&document).await;
    let cause = until("the member to be found without TLS", async || {
        let status = amphora.status().await;
        let member = status["report"]["pools"][0]["members"][0].clone();
        (member["status"] == "DOWN").then(|| member["cause"].as_str().unwrap().to_owned())
    });
    let cause = cause.await;
    assert!(cause.starts_with("tls: "), "{cause}");

    // Whoever speaks plainly to a listener that ends TLS is counted as an error of it.
    let refused = amphora.client.get(&amphora.site).send().await;
    assert!(refused.is_err());
    until("the error to be counted", async || {
        let status = amphora.status().await;
        let counters = &status["report"]["listeners"][0]["counters"];
        (counters["request_errors"] == 1).then_some(())
    })
    .await;
}

#[test]
fn an_amphora_that_cannot_read_its_configuration_says_so() {
    let ended = octavia(&["amphora", "--config-file", "/nowhere/agent.conf"]);
    assert_eq!(ended.status.code(), Some(78));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(
        said,
        "error: read /nowhere/agent.conf: No such file or directory (os error 2)\n"
    );
}
