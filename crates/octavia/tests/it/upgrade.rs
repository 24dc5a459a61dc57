//! The binary of a running amphora is replaced, and nobody notices.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::amphora::{Amphora, Boot};
use crate::octavia::{send, until};
use crate::site::Site;

const TCP_PORT: u16 = 8081;

/// A process that took over; it ends with this.
struct Heir(i32);

impl Drop for Heir {
    fn drop(&mut self) {
        send(self.0, Signal::SIGKILL);
    }
}

/// Puts a copy of the binary, or of another program, in the place of what is there.
fn install(boot: &Boot, from: &Path) -> PathBuf {
    let (new, place) = (boot.path("octavia.new"), boot.path("octavia"));
    std::fs::copy(from, &new).unwrap();
    std::fs::rename(&new, &place).unwrap();
    place
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_octavia"))
}

/// Types `octavia amphora upgrade`.
async fn upgrade(boot: &Boot) -> Result<Heir, String> {
    let ended = Command::new(binary())
        .args(["amphora", "upgrade", "--config-file"])
        .arg(boot.path("agent.conf"))
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    if !ended.status.success() {
        return Err(String::from_utf8(ended.stderr).unwrap());
    }
    let pid = said
        .strip_prefix("process ")
        .and_then(|rest| rest.strip_suffix(" serves\n"));
    Ok(Heir(pid.expect("a process").parse().unwrap()))
}

/// Adds a listener whose pool gives every byte back.
async fn add_echo(boot: &Boot, document: &mut Value) {
    let listener = TcpListener::bind((boot.home.site(12).ip(), 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let mut tcp = document["listeners"][0].clone();
    tcp["id"] = json!("15150000-0000-4000-8000-000000000002");
    tcp["protocol"] = json!("TCP");
    tcp["port"] = json!(TCP_PORT);
    tcp["default_pool"] = json!("90900000-0000-4000-8000-000000000002");
    let mut pool = document["pools"][0].clone();
    pool["id"] = tcp["default_pool"].clone();
    pool["protocol"] = json!("TCP");
    pool["members"][0]["address"] = json!(address.ip());
    pool["members"][0]["port"] = json!(address.port());
    document["listeners"].as_array_mut().unwrap().push(tcp);
    document["pools"].as_array_mut().unwrap().push(pool);
    let echo = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::task::spawn_local(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await.ok();
            });
        }
    };
    tokio::task::spawn_local(echo);
}

/// Visitors who come all the time, on kept and on new connections.
struct Visitors {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicU64>,
    failures: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Visitors {
    fn of(url: &str) -> Self {
        let mut visitors = Self {
            stop: Arc::default(),
            served: Arc::default(),
            failures: Vec::new(),
        };
        for kept in [0, 1, 1] {
            let client = reqwest::Client::builder().pool_max_idle_per_host(kept);
            let client = client.no_proxy().build().unwrap();
            let (stop, served) = (Arc::clone(&visitors.stop), Arc::clone(&visitors.served));
            let url = url.to_owned();
            let come_and_go = async move {
                let mut failures = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    failures.extend(visit(&client, &url).await.err());
                    served.fetch_add(1, Ordering::SeqCst);
                }
                failures
            };
            visitors
                .failures
                .push(tokio::task::spawn_local(come_and_go));
        }
        visitors
    }

    async fn more(&self) {
        let goal = self.served.load(Ordering::SeqCst) + 20;
        until("visitors to be served", async || {
            (self.served.load(Ordering::SeqCst) >= goal).then_some(())
        })
        .await;
    }

    async fn leave(self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Vec::new();
        for failures in self.failures {
            all.extend(failures.await.unwrap());
        }
        all
    }
}

async fn visit(client: &reqwest::Client, url: &str) -> Result<(), String> {
    match client.get(url).send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(answer.status().to_string()),
        Err(error) => Err(format!("{error:?}")),
    }
}

fn counters(status: &Value) -> [u64; 3] {
    let counters = &status["report"]["listeners"][0]["counters"];
    ["bytes_in", "total_connections", "request_errors"].map(|name| counters[name].as_u64().unwrap())
}

async fn ping(long: &mut TcpStream) {
    let mut answer = [0; 4];
    long.write_all(b"ping").await.unwrap();
    long.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"ping");
}

async fn upgrades_under_load() {
    let boot = Boot::new();
    let site = Site::start(boot.home.site(11), "red").await;
    let mut document = boot.document(&site);
    add_echo(&boot, &mut document).await;
    let program = install(&boot, binary());
    let mut amphora = boot.start_program(&program).await;
    amphora.push(&document).await;
    let mut long = TcpStream::connect((boot.vip(), TCP_PORT)).await.unwrap();
    ping(&mut long).await;
    let visitors = Visitors::of(&amphora.site);
    let mut heirs = Vec::new();
    for generation in 2..5 {
        visitors.more().await;
        let before = counters(&amphora.status().await);
        install(&boot, binary());
        let heir = upgrade(&boot).await.unwrap();
        let program = std::fs::read_link(format!("/proc/{}/exe", heir.0)).unwrap();
        assert_eq!(program, boot.path("octavia"));
        heirs.push(heir);
        visitors.more().await;
        ping(&mut long).await;
        let after = counters(&amphora.status().await);
        assert!(
            before
                .iter()
                .zip(after)
                .all(|(before, after)| after >= *before)
        );
        document["generation"] = json!(generation);
        amphora.push(&document).await;
    }
    assert_eq!(visitors.leave().await, Vec::<String>::new());
    ping(&mut long).await;
    assert!(amphora.child.try_wait().unwrap().is_none());
    drop(long);
    let status = until("the first process to end", async || {
        amphora.child.try_wait().unwrap()
    });
    assert!(status.await.success());
    assert_eq!(amphora.visit().await, "red");
    let open = async || {
        let status = amphora.status().await;
        let tcp = &status["report"]["listeners"][1]["counters"];
        (tcp["active_connections"] == 0).then(|| tcp["bytes_in"].clone())
    };
    let bytes = until("the last process to hear of the end", open).await;
    assert_eq!(
        bytes,
        json!(4 * 5),
        "what the first process counted is not lost"
    );
}

#[tokio::test]
async fn a_binary_is_replaced_under_load_and_no_request_fails() {
    tokio::task::LocalSet::new()
        .run_until(upgrades_under_load())
        .await;
}

#[tokio::test]
async fn a_binary_that_does_not_serve_changes_nothing() {
    let boot = Boot::new();
    let site = Site::start(boot.home.site(11), "red").await;
    let mut document = boot.document(&site);
    let program = install(&boot, binary());
    let amphora = boot.start_program(&program).await;
    amphora.push(&document).await;
    install(&boot, Path::new("/bin/false"));
    let refused = upgrade(&boot).await.map(drop).unwrap_err();
    assert!(refused.contains("nothing has changed"), "{refused}");
    assert_eq!(amphora.visit().await, "red");
    document["generation"] = json!(2);
    amphora.push(&document).await;
    expect_generation(&amphora, 2).await;

    install(&boot, binary());
    let _heir = upgrade(&boot).await.unwrap();
    assert_eq!(amphora.visit().await, "red");
    expect_generation(&amphora, 2).await;
}

async fn expect_generation(amphora: &Amphora, generation: u64) {
    assert_eq!(
        amphora.status().await["report"]["generation"],
        json!(generation)
    );
}

#[tokio::test]
async fn an_amphora_that_does_not_run_cannot_be_upgraded() {
    let boot = Boot::new();
    let refused = upgrade(&boot).await.map(drop).unwrap_err();
    assert!(
        refused.contains("upgrade the amphora: No such file"),
        "{refused}"
    );
}
