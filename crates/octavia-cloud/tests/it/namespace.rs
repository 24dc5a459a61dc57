//! The namespace mode. Each test is a host of its own: a network namespace made for it.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use nix::ifaddrs::getifaddrs;
use nix::sched::{CloneFlags, setns, unshare};
use octavia_cloud::{
    Compute, Isolation, LocalCloud, Mode, NetworkDriver, NewPort, NewServer, Port, Server,
    ServerStatus, SubnetDefinition,
};

use crate::support::{Home, exists, kill, new_port, new_server, status, until, vip};

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
/// Runs a test on a host of its own, if we may make one.
pub(crate) fn on_a_host(name: &str, test: impl AsyncFnOnce(Home) + Send + 'static) {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("SKIPPED: {name} needs root, to make network namespaces");
        return;
    }
    let host = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut home = Home::new();
        home.config.mode = Mode::Namespace;
        home.config.subnets = vec![
            SubnetDefinition::new("private-subnet", "private", "10.98.0.0/24".parse().unwrap()),
            SubnetDefinition::new("member-subnet", "members", "10.97.0.0/24".parse().unwrap()),
        ];
        runtime.block_on(test(home));
    });
    host.join().unwrap();
}

pub(crate) fn namespace(server: &Server) -> PathBuf {
    let id = server.id.uuid().simple().to_string();
    PathBuf::from(format!("/run/netns/octavia-{}", &id[20..]))
}

/// Does something inside the namespace of a server.
fn inside<T: Send + 'static>(server: &Server, act: impl FnOnce() -> T + Send + 'static) -> T {
    let namespace = File::open(namespace(server)).unwrap();
    let thread = std::thread::spawn(move || {
        setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
        act()
    });
    thread.join().unwrap()
}

/// Returns the interfaces of the calling thread's namespace, with their MAC addresses.
fn interfaces() -> BTreeMap<String, Option<String>> {
    let mut found = BTreeMap::new();
    for interface in getifaddrs().unwrap() {
        let link = interface.address.as_ref().and_then(|a| a.as_link_addr());
        if let Some(mac) = link.map(nix::sys::socket::LinkAddr::addr) {
            let mac = mac.map(|mac| mac.map(|octet| format!("{octet:02x}")).join(":"));
            found.insert(interface.interface_name, mac);
        }
    }
    found
}

pub(crate) fn names() -> Vec<String> {
    interfaces().into_keys().collect()
}

async fn port(cloud: &LocalCloud, subnet: &str) -> Port {
    let subnets = cloud.subnets().await.unwrap();
    let subnet = subnets.into_iter().find(|s| s.name == subnet).unwrap();
    let wanted = NewPort {
        network_id: subnet.network_id,
        subnet_id: subnet.id,
        ..new_port(cloud, vip()).await
    };
    cloud.create_port(&wanted).await.unwrap()
}

/// Tells whether the host can talk to an address inside a server.
fn host_reaches(server: &Server, address: IpAddr) -> bool {
    let listener = inside(server, move || TcpListener::bind((address, 0)).unwrap());
    let target = SocketAddr::new(address, listener.local_addr().unwrap().port());
    TcpStream::connect_timeout(&target, Duration::from_secs(5)).is_ok()
}

#[test]
fn an_amphora_has_a_namespace_that_the_host_reaches() {
    on_a_host(
        "an_amphora_has_a_namespace_that_the_host_reaches",
        async |home| {
            let cloud = home.open().await;
            assert_eq!(cloud.isolation(), Isolation::Namespace);
            let vip = port(&cloud, "private-subnet").await;
            let wanted = NewServer {
                ports: vec![vip.id],
                ..new_server()
            };
            let server = cloud.create_server(&wanted).await.unwrap();
            assert_eq!(server.status, ServerStatus::Active);
            assert_eq!(cloud.create_server(&wanted).await.unwrap(), server);

            let found = inside(&server, interfaces);
            assert_eq!(found.keys().collect::<Vec<_>>(), ["eth0", "eth1", "lo"]);
            assert_eq!(found["eth1"].as_ref(), Some(&vip.mac_address));
            assert!(host_reaches(&server, server.management_address.unwrap()));
            let back = TcpListener::bind((cloud.host_address(), 0)).unwrap();
            let target = back.local_addr().unwrap();
            inside(&server, move || TcpStream::connect(target).unwrap());
            cloud.delete_server(server.id).await.unwrap();
        },
    );
}

#[test]
fn nothing_is_left_of_a_deleted_amphora_and_a_cloud_that_is_torn_down() {
    on_a_host("nothing_is_left_of_a_deleted_amphora", async |home| {
        let before = names();
        let cloud = home.open().await;
        let bridges = names();
        assert_eq!(bridges.len(), before.len() + 3);
        let port = port(&cloud, "private-subnet").await;
        let wanted = NewServer {
            ports: vec![port.id],
            ..new_server()
        };
        let server = cloud.create_server(&wanted).await.unwrap();
        let pid = home.pid(&server);
        cloud.teardown().await.unwrap();
        // A bridge that is in use stays; that of the members was not.
        assert_eq!(names().len(), before.len() + 4);

        cloud.delete_server(server.id).await.unwrap();
        assert!(!namespace(&server).exists());
        assert!(!exists(pid));
        cloud.delete_server(server.id).await.unwrap();
        cloud.teardown().await.unwrap();
        assert_eq!(names(), before);
        assert_eq!(home.names("servers"), Vec::<String>::new());
    });
}

#[test]
fn a_member_subnet_comes_and_goes_while_the_amphora_runs() {
    on_a_host("a_member_subnet_comes_and_goes", async |home| {
        let cloud = home.open().await;
        let server = cloud.create_server(&new_server()).await.unwrap();
        let pid = home.pid(&server);
        let member = port(&cloud, "member-subnet").await;
        for _ in 0..2 {
            cloud.attach_port(server.id, member.id).await.unwrap();
        }
        let found = inside(&server, interfaces);
        assert_eq!(found["eth1"].as_ref(), Some(&member.mac_address));
        for _ in 0..2 {
            cloud.detach_port(server.id, member.id).await.unwrap();
        }
        assert_eq!(inside(&server, names), ["eth0", "lo"]);

        cloud.attach_port(server.id, member.id).await.unwrap();
        cloud.delete_port(member.id).await.unwrap();
        assert_eq!(inside(&server, names), ["eth0", "lo"]);
        assert_eq!(home.pid(&server), pid);
        cloud.delete_server(server.id).await.unwrap();
    });
}

#[test]
fn after_a_host_restart_an_amphora_gets_its_network_back() {
    on_a_host(
        "after_a_host_restart_an_amphora_gets_its_network_back",
        async |home| {
            let cloud = home.open().await;
            let port = port(&cloud, "private-subnet").await;
            let wanted = NewServer {
                ports: vec![port.id],
                ..new_server()
            };
            let server = cloud.create_server(&wanted).await.unwrap();
            cloud.stop_all().await.unwrap();
            assert!(!namespace(&server).exists());
            cloud.teardown().await.unwrap();

            let cloud = home.open().await;
            assert_eq!(status(&cloud, &server).await, ServerStatus::Stopped);
            cloud.start_server(server.id).await.unwrap();
            assert_eq!(inside(&server, interfaces)["eth1"], Some(port.mac_address));
            assert!(host_reaches(&server, server.management_address.unwrap()));
            cloud.delete_server(server.id).await.unwrap();
        },
    );
}

#[test]
fn whatever_part_of_the_network_a_crash_left_is_completed() {
    on_a_host(
        "whatever_part_of_the_network_a_crash_left_is_completed",
        async |home| {
            let cloud = home.open().await;
            let port = port(&cloud, "private-subnet").await;
            let wanted = NewServer {
                ports: vec![port.id],
                ..new_server()
            };
            let server = cloud.create_server(&wanted).await.unwrap();
            for left in [Left::EmptyFile, Left::Namespace, Left::AllButTheProcess] {
                kill(home.pid(&server));
                until("it is seen as stopped", async || {
                    status(&cloud, &server).await == ServerStatus::Stopped
                })
                .await;
                std::fs::remove_file(home.server_path(&server, "process.json")).unwrap();
                left.apply(&server);
                cloud.create_server(&wanted).await.unwrap();
                assert_eq!(status(&cloud, &server).await, ServerStatus::Active);
                assert_eq!(inside(&server, names), ["eth0", "eth1", "lo"]);
                assert!(host_reaches(&server, server.management_address.unwrap()));
            }
            cloud.delete_server(server.id).await.unwrap();
            assert!(!namespace(&server).exists());
        },
    );
}

/// What a crash leaves of the network of a server.
enum Left {
    /// The file that the namespace is mounted on, and interfaces that lead to nowhere.
    EmptyFile,
    /// A namespace without any interface of ours.
    Namespace,
    /// Everything, in a namespace whose amphora is gone.
    AllButTheProcess,
}

impl Left {
    fn apply(&self, server: &Server) {
        let path = namespace(server);
        match self {
            Self::AllButTheProcess => {}
            Self::EmptyFile => {
                nix::mount::umount2(&path, nix::mount::MntFlags::MNT_DETACH).unwrap();
            }
            Self::Namespace => {
                nix::mount::umount2(&path, nix::mount::MntFlags::MNT_DETACH).unwrap();
                let thread = std::thread::spawn(move || {
                    unshare(CloneFlags::CLONE_NEWNET).unwrap();
                    let current = Some("/proc/thread-self/ns/net");
                    let flags = nix::mount::MsFlags::MS_BIND;
                    nix::mount::mount(current, &path, None::<&str>, flags, None::<&str>).unwrap();
                });
                thread.join().unwrap();
            }
        }
    }
}

#[test]
fn a_program_that_cannot_be_started_leaves_no_namespace() {
    on_a_host(
        "a_program_that_cannot_be_started_leaves_no_namespace",
        async |mut home| {
            home.config.program = Some("/nonexistent/octavia".into());
            let cloud = home.open().await;
            let before = names();
            let wanted = new_server();
            assert!(cloud.create_server(&wanted).await.is_err());
            let id = wanted.amphora_id.uuid().simple().to_string();
            assert!(!PathBuf::from(format!("/run/netns/octavia-{}", &id[20..])).exists());
            assert_eq!(names(), before);
        },
    );
}

#[test]
fn root_gets_namespaces_by_itself() {
    on_a_host("root_gets_namespaces_by_itself", async |mut home| {
        home.config.mode = Mode::Auto;
        home.config.subnets.clear();
        let cloud = home.open().await;
        assert_eq!(cloud.isolation(), Isolation::Namespace);
        assert_eq!(
            cloud.subnets().await.unwrap()[0].cidr.to_string(),
            "10.98.0.0/24"
        );
        assert_eq!(cloud.host_address().to_string(), "10.99.0.1");
    });
}

#[test]
fn what_was_made_in_namespaces_is_not_started_as_processes() {
    on_a_host(
        "what_was_made_in_namespaces_is_not_started_as_processes",
        async |mut home| {
            let cloud = home.open().await;
            let port = port(&cloud, "private-subnet").await;
            home.config.mode = Mode::Process;
            home.config.subnets.clear();
            let refused = LocalCloud::open(home.config.clone()).await.err().unwrap();
            assert!(
                refused
                    .to_string()
                    .contains("holds amphorae of the namespace mode"),
                "{refused}"
            );

            cloud.delete_port(port.id).await.unwrap();
            assert_eq!(home.open().await.isolation(), Isolation::Process);
        },
    );
}

#[test]
fn a_second_cloud_on_the_same_subnets_is_refused_while_the_first_has_servers() {
    on_a_host(
        "a_second_cloud_on_the_same_subnets_is_refused",
        async |home| {
            let mut other = Home::new();
            other.config.mode = Mode::Namespace;
            other.config.subnets = home.config.subnets.clone();
            let cloud = home.open().await;
            let server = cloud.create_server(&new_server()).await.unwrap();
            let refused = LocalCloud::open(other.config.clone()).await.err().unwrap();
            let expected = format!(
                "subnet private-subnet (10.98.0.0/24) is in use by the local cloud in {}: stop that \
             one, or give this one other subnets",
                home.path("").display().to_string().trim_end_matches('/')
            );
            assert_eq!(refused.to_string(), expected);

            cloud.delete_server(server.id).await.unwrap();
            other.open().await;
            home.open().await;
        },
    );
}
