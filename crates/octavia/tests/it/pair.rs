//! A pair on the local cloud: two namespaces on one bridge, and the VIP moves.
//!
//! `OCTAVIA_FAILOVER_ROUNDS` says how often each misfortune strikes; every gap is told.

use std::io::Write as _;
use std::process::Command;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::octavia::{Home, Service, send, until};
use crate::probe::{Echo, Probe};
use crate::traffic::subnet_id;

const PORT: u16 = 5353;

/// After how long without an answer the VIP counts as lost. How long it really takes is told, and
/// measured by `cargo xtask bench failover`; machines that do much else take longer.
const LIMIT: Duration = Duration::from_secs(2);

/// What happens to a master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Misfortune {
    /// Its process is killed.
    Kill,
    /// Its process is frozen, and thawed when another has taken its place.
    Freeze,
    /// Its process is asked to end.
    Stop,
    /// Somebody sets its interface down.
    LinkDown,
    /// Somebody cuts its cable.
    Unplug,
}

impl Misfortune {
    const ALL: [Self; 5] = [
        Self::Kill,
        Self::Freeze,
        Self::Stop,
        Self::LinkDown,
        Self::Unplug,
    ];
}

/// One of the pair, as this host sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Amphora {
    id: String,
    pid: i32,
    has_vip: bool,
}

struct Pair<'a> {
    home: &'a Home,
    service: &'a Service,
    id: String,
    vip: String,
}

#[test]
fn the_vip_of_a_pair_moves_when_its_master_is_struck_and_the_pair_is_whole_again() {
    on_a_host("the_vip_of_a_pair_moves", async |home| {
        let service = Service::start(&home).await;
        let echo = Echo::start("10.98.0.1:0");
        let pair = Pair::create(&home, &service, &echo).await;
        let probe = Probe::start(&format!("{}:{PORT}", pair.vip));
        // It answers by the time it is ACTIVE.
        probe.until_answered(Duration::from_millis(100)).await;
        let rounds = std::env::var("OCTAVIA_FAILOVER_ROUNDS");
        let rounds = rounds.ok().and_then(|text| text.parse().ok()).unwrap_or(1);
        for misfortune in Misfortune::ALL {
            for _ in 0..rounds {
                pair.survive(misfortune, &probe).await;
            }
        }
        pair.fail_over(&probe).await;
        service
            .delete(&format!("loadbalancers/{}?cascade=true", pair.id))
            .await;
        until("nothing to be left", async || {
            home.amphorae().is_empty().then_some(())
        })
        .await;
    });
}

impl<'a> Pair<'a> {
    async fn create(home: &'a Home, service: &'a Service, echo: &Echo) -> Self {
        let members =
            json!([{"address": echo.address().ip(), "protocol_port": echo.address().port()}]);
        let pool = json!({"name": "echo", "protocol": "UDP", "lb_algorithm": "ROUND_ROBIN",
            "members": members});
        let body = json!({"loadbalancer": {"vip_subnet_id": subnet_id(service).await, "listeners": [
            {"protocol": "UDP", "protocol_port": PORT, "default_pool": pool}]}});
        let began = Instant::now();
        let made = service.post("loadbalancers", &body).await;
        let text = |key: &str| made["loadbalancer"][key].as_str().unwrap().to_owned();
        let pair = Self {
            home,
            service,
            id: text("id"),
            vip: text("vip_address"),
        };
        pair.until_active().await;
        tell(&format!("pair create: {} ms", began.elapsed().as_millis()));
        pair
    }

    async fn until_active(&self) {
        until("the load balancer to be ACTIVE", async || {
            let path = format!("loadbalancers/{}", self.id);
            let answer = self.service.get(&path).await;
            (answer["loadbalancer"]["provisioning_status"] == "ACTIVE").then_some(())
        })
        .await;
    }

    /// Lets the misfortune strike the master.
    async fn survive(&self, misfortune: Misfortune, probe: &Probe) {
        let (master, _) = self.until_whole(probe).await;
        let struck = Instant::now();
        strike(misfortune, &master);
        let gap = probe.gap_since(struck, LIMIT).await;
        tell(&format!(
            "{misfortune:?}: the VIP did not answer for {} ms",
            gap.as_millis()
        ));
        assert!(
            gap < LIMIT,
            "{misfortune:?}: {gap:?}\n{}",
            self.service.log()
        );
        if misfortune == Misfortune::Freeze {
            until("the frozen one to be replaced", async || {
                let now = self.amphorae().await;
                (now.len() == 2 && now.iter().all(|one| one.pid != master.pid)).then_some(())
            })
            .await;
        }
        if misfortune == Misfortune::Unplug {
            plug(&master, "up");
        }
        let (_, whole) = self.until_whole(probe).await;
        tell(&format!(
            "{misfortune:?}: whole again after {} ms",
            (whole - struck).as_millis()
        ));
    }

    /// Replaces both, one hand-over in all.
    async fn fail_over(&self, probe: &Probe) {
        let (master, _) = self.until_whole(probe).await;
        let began = Instant::now();
        let url = format!(
            "{}/v2.0/lbaas/loadbalancers/{}/failover",
            self.service.endpoint, self.id
        );
        let answer = self.service.http.put(url).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        until("both to be replaced", async || {
            let now = self.amphorae().await;
            (now.len() == 2 && now.iter().all(|one| one.id != master.id)).then_some(())
        })
        .await;
        self.until_whole(probe).await;
        let gap = probe.longest_gap(began);
        tell(&format!(
            "failover of both: the VIP did not answer for {} ms",
            gap.as_millis()
        ));
        assert!(gap < Duration::from_secs(1), "{gap:?}");
    }

    /// Waits until both serve, one has the VIP, and it answers; returns the one, and since when.
    async fn until_whole(&self, probe: &Probe) -> (Amphora, Instant) {
        let master = until("the pair to be whole", async || {
            let path = format!("loadbalancers/{}", self.id);
            let answer = self.service.get(&path).await;
            if answer["loadbalancer"]["provisioning_status"] != "ACTIVE" {
                return None;
            }
            let amphorae = self.amphorae().await;
            let masters = amphorae.iter().filter(|amphora| amphora.has_vip);
            let is_whole = amphorae.len() == 2 && masters.count() == 1;
            amphorae.into_iter().find(|one| is_whole && one.has_vip)
        })
        .await;
        let since = Instant::now();
        probe.until_answered(Duration::from_millis(300)).await;
        (master, since)
    }

    /// Returns the amphorae that are allocated and whose processes run.
    async fn amphorae(&self) -> Vec<Amphora> {
        let url = format!(
            "{}/v2/octavia/amphorae?loadbalancer_id={}",
            self.service.endpoint, self.id
        );
        let answer = self.service.http.get(url).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let processes = self.home.amphorae();
        let rows = answer["amphorae"].as_array().unwrap().iter();
        rows.filter(|row| row["status"] == "ALLOCATED")
            .filter_map(|row| {
                assert!(row["role"] == "MASTER" || row["role"] == "BACKUP", "{row}");
                assert_eq!(row["vrrp_id"], 1);
                let address = row["lb_network_ip"].as_str()?;
                let mut running = processes.iter().copied();
                let pid = running.find(|pid| has_address(*pid, address))?;
                Some(Amphora {
                    id: row["id"].as_str()?.to_owned(),
                    has_vip: has_address(pid, &self.vip),
                    pid,
                })
            })
            .collect()
    }
}

fn strike(misfortune: Misfortune, master: &Amphora) {
    match misfortune {
        Misfortune::Kill => send(master.pid, Signal::SIGKILL),
        Misfortune::Freeze => send(master.pid, Signal::SIGSTOP),
        Misfortune::Stop => send(master.pid, Signal::SIGTERM),
        Misfortune::LinkDown => {
            inside(master.pid, &["ip", "link", "set", "eth1", "down"]);
        }
        Misfortune::Unplug => plug(master, "down"),
    }
}

/// Sets the other end of the wire up or down: the one on the bridge.
fn plug(amphora: &Amphora, state: &str) {
    let link = inside(amphora.pid, &["ip", "-o", "link", "show", "eth1"]);
    let (_, behind) = link.split_once("@if").unwrap();
    let (index, _) = behind.split_once(':').unwrap();
    let links = Command::new("ip").args(["-o", "link"]).output().unwrap();
    let links = String::from_utf8(links.stdout).unwrap();
    let other = links
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{index}: ")))
        .and_then(|line| line.split(['@', ':']).next())
        .unwrap();
    let done = Command::new("ip")
        .args(["link", "set", other, state])
        .status();
    assert!(done.unwrap().success());
}

fn has_address(pid: i32, address: &str) -> bool {
    let addresses = inside(pid, &["ip", "-br", "addr"]);
    addresses
        .split_whitespace()
        .any(|word| word.split('/').next() == Some(address))
}

/// Runs a command in the network namespace of a process, which may be gone by then.
fn inside(pid: i32, command: &[&str]) -> String {
    let namespace = format!("--net=/proc/{pid}/ns/net");
    let output = Command::new("nsenter")
        .arg(namespace)
        .args(command)
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

fn tell(line: &str) {
    // Not `eprintln`, which the test harness swallows.
    writeln!(std::io::stderr(), "pair: {line}").unwrap();
}

/// Runs a test on a host of its own, if we may make one.
fn on_a_host(name: &str, test: impl AsyncFnOnce(Home) + Send + 'static) {
    if !nix::unistd::geteuid().is_root() {
        let why = "making network namespaces needs root";
        writeln!(std::io::stderr(), "SKIPPED {name}: {why}").unwrap();
        return;
    }
    let host = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let up = Command::new("ip")
            .args(["link", "set", "lo", "up"])
            .status();
        assert!(up.unwrap().success());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let home = Home::new();
        home.set_configuration(
            "[local_cloud]\nisolation = namespace\n\
             [controller_worker]\nloadbalancer_topology = ACTIVE_STANDBY\n\
             [api_settings]\nbind_port = 0\nsync_wait = 0\n\
             [health_manager]\nheartbeat_interval = 1\nheartbeat_timeout = 3\n\
             health_check_interval = 1\nserver_check_interval = 0.2\n",
        );
        runtime.block_on(async {
            test(home).await;
            sleep(Duration::ZERO).await;
        });
    });
    if let Err(panic) = host.join() {
        std::panic::resume_unwind(panic);
    }
}
