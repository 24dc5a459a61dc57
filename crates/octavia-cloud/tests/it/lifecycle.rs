use std::os::unix::fs::PermissionsExt as _;

use octavia_cloud::{Compute, Error, LocalCloud, Mode, NetworkDriver, NewServer, ServerStatus};
use octavia_model::{Id, RandomIds};

use crate::support::{Home, exists, kill, new_port, new_server, status, until, vip};

#[tokio::test]
async fn an_amphora_is_started_with_its_files_and_nothing_of_our_environment() {
    let home = Home::new();
    let cloud = home.open().await;
    let server = cloud.create_server(&new_server()).await.unwrap();
    assert_eq!(server.status, ServerStatus::Active);
    let address = server.management_address.unwrap();
    assert!(cloud.management().contains(&address));

    let environment = home.server_path(&server, "environment");
    until("it said how it was started", async || {
        std::fs::read_to_string(home.server_path(&server, "amphora.log")).unwrap() == "started\n"
    })
    .await;
    let config = home.server_path(&server, "agent.conf");
    assert_eq!(
        std::fs::read_to_string(home.server_path(&server, "arguments")).unwrap(),
        format!(
            "amphora --config-file {} --bind-host {address}\n",
            config.display()
        )
    );
    let environment = std::fs::read_to_string(environment).unwrap();
    assert!(!environment.contains("CARGO"), "{environment}");
    for (below, mode) in [
        ("", 0o700),
        ("agent.conf", 0o600),
        ("certs", 0o700),
        ("certs/server.pem", 0o600),
        ("server.json", 0o600),
        ("amphora.log", 0o600),
    ] {
        let metadata = std::fs::metadata(home.server_path(&server, below)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{below}");
    }
    cloud.delete_server(server.id).await.unwrap();
}

#[tokio::test]
async fn an_amphora_has_one_server_and_nothing_stays_of_a_deleted_one() {
    let home = Home::new();
    let cloud = home.open().await;
    let wanted = new_server();
    let server = cloud.create_server(&wanted).await.unwrap();
    let pid = home.pid(&server);
    assert_eq!(cloud.create_server(&wanted).await.unwrap(), server);
    assert_eq!(home.pid(&server), pid);
    let all = cloud.all_servers().await.unwrap();
    assert_eq!(all, std::slice::from_ref(&server));
    assert_eq!(cloud.servers(Id::new(&RandomIds)).await.unwrap(), []);

    cloud.delete_server(server.id).await.unwrap();
    cloud.delete_server(server.id).await.unwrap();
    until("the process is gone, not a zombie", async || !exists(pid)).await;
    assert_eq!(cloud.all_servers().await.unwrap(), []);
    for directory in ["servers", "scratch", "addresses"] {
        assert_eq!(home.names(directory), Vec::<String>::new(), "{directory}");
    }
    assert_eq!(home.names("locks"), ["addresses"]);
}

#[tokio::test]
async fn a_killed_amphora_is_stopped_and_can_be_started() {
    let home = Home::new();
    let cloud = home.open().await;
    let server = cloud.create_server(&new_server()).await.unwrap();
    let first = home.pid(&server);
    kill(first);
    until("it is seen as stopped", async || {
        status(&cloud, &server).await == ServerStatus::Stopped
    })
    .await;
    until("the zombie is reaped", async || !exists(first)).await;

    cloud.start_server(server.id).await.unwrap();
    cloud.start_server(server.id).await.unwrap();
    assert_eq!(status(&cloud, &server).await, ServerStatus::Active);
    assert_ne!(home.pid(&server), first);
    cloud.delete_server(server.id).await.unwrap();
}

#[tokio::test]
async fn a_running_amphora_is_found_again_after_a_restart_of_the_controller() {
    let home = Home::new();
    let server = home.open().await.create_server(&new_server()).await;
    let server = server.unwrap();
    let cloud = home.open().await;
    let all = cloud.all_servers().await.unwrap();
    assert_eq!(all, std::slice::from_ref(&server));
    let pid = home.pid(&server);
    cloud.start_server(server.id).await.unwrap();
    assert_eq!(home.pid(&server), pid);
    cloud.delete_server(server.id).await.unwrap();
    until("the process is gone", async || !exists(pid)).await;
}

#[tokio::test]
async fn an_amphora_started_just_before_a_crash_is_not_started_twice() {
    let home = Home::new();
    let cloud = home.open().await;
    let wanted = new_server();
    let server = cloud.create_server(&wanted).await.unwrap();
    let pid = home.pid(&server);
    // As if the process had died between starting the amphora and writing down its number.
    let record = home.server_path(&server, "process.json");
    std::fs::remove_file(&record).unwrap();
    assert_eq!(status(&cloud, &server).await, ServerStatus::Stopped);

    cloud.create_server(&wanted).await.unwrap();
    assert_eq!(home.pid(&server), pid);
    std::fs::remove_file(&record).unwrap();
    cloud.start_server(server.id).await.unwrap();
    assert_eq!(home.pid(&server), pid);
    std::fs::remove_file(&record).unwrap();
    cloud.delete_server(server.id).await.unwrap();
    until("the process is gone", async || !exists(pid)).await;
}

#[tokio::test]
async fn a_server_that_a_crash_left_half_made_is_finished() {
    let home = Home::new();
    let cloud = home.open().await;
    let wanted = new_server();
    let server = cloud.create_server(&wanted).await.unwrap();
    // As if the process had died between making the directory and starting the amphora.
    kill(home.pid(&server));
    std::fs::remove_file(home.server_path(&server, "process.json")).unwrap();
    until("it is seen as stopped", async || {
        status(&cloud, &server).await == ServerStatus::Stopped
    })
    .await;
    assert_eq!(cloud.create_server(&wanted).await.unwrap(), server);
    cloud.delete_server(server.id).await.unwrap();
}

#[tokio::test]
async fn what_a_crash_left_in_the_scratch_directory_is_cleared_away() {
    let home = Home::new();
    drop(home.open().await);
    let id = Id::<NewServer>::new(&RandomIds);
    for scrap in [format!("{id}.new"), format!("{id}.gone")] {
        std::fs::create_dir(home.path("scratch").join(&scrap)).unwrap();
        std::fs::write(home.path("scratch").join(scrap).join("agent.conf"), "").unwrap();
    }
    home.open().await;
    assert_eq!(home.names("scratch"), Vec::<String>::new());
}

#[tokio::test]
async fn a_damaged_server_is_cleared_away_and_made_anew() {
    let home = Home::new();
    let cloud = home.open().await;
    let wanted = new_server();
    let server = cloud.create_server(&wanted).await.unwrap();
    let pid = home.pid(&server);
    std::fs::write(home.server_path(&server, "server.json"), "").unwrap();
    assert_eq!(cloud.all_servers().await.unwrap(), []);
    let again = cloud.create_server(&wanted).await.unwrap();
    until("the old process is gone", async || !exists(pid)).await;
    assert_eq!(status(&cloud, &again).await, ServerStatus::Active);
    cloud.delete_server(again.id).await.unwrap();
}

#[tokio::test]
async fn a_clean_stop_stops_all_and_the_next_start_starts_them() {
    let home = Home::new();
    let cloud = home.open().await;
    let one = cloud.create_server(&new_server()).await.unwrap();
    let other = cloud.create_server(&new_server()).await.unwrap();
    assert_ne!(one.management_address, other.management_address);
    cloud.stop_all().await.unwrap();
    cloud.teardown().await.unwrap();
    for server in [&one, &other] {
        assert_eq!(status(&cloud, server).await, ServerStatus::Stopped);
    }
    let cloud = home.open().await;
    for server in [one, other] {
        cloud.start_server(server.id).await.unwrap();
        assert_eq!(status(&cloud, &server).await, ServerStatus::Active);
        cloud.delete_server(server.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_started_leaves_nothing() {
    let mut home = Home::new();
    home.config.program = Some("/nonexistent/octavia".into());
    let cloud = home.open().await;
    let error = cloud.create_server(&new_server()).await.unwrap_err();
    assert!(error.may_retry());
    assert_eq!(error.to_string(), "start /nonexistent/octavia");
    assert_eq!(cloud.all_servers().await.unwrap(), []);
    assert_eq!(home.names("addresses"), Vec::<String>::new());
}

#[tokio::test]
async fn a_disk_that_refuses_leaves_nothing_half_made() {
    let home = Home::new();
    let cloud = home.open().await;
    std::fs::remove_dir(home.path("scratch")).unwrap();
    std::fs::write(home.path("scratch"), "not a directory").unwrap();
    let wanted = new_server();
    let error = cloud.create_server(&wanted).await.unwrap_err();
    assert!(error.may_retry(), "{error}");
    assert_eq!(home.names("servers"), Vec::<String>::new());
    assert_eq!(home.names("addresses"), Vec::<String>::new());

    std::fs::remove_file(home.path("scratch")).unwrap();
    std::fs::create_dir(home.path("scratch")).unwrap();
    let server = cloud.create_server(&wanted).await.unwrap();
    cloud.delete_server(server.id).await.unwrap();
}

#[tokio::test]
async fn ports_are_attached_from_the_start_and_while_it_runs() {
    let home = Home::new();
    let cloud = home.open().await;
    let port = async || {
        let wanted = new_port(&cloud, vip()).await;
        cloud.create_port(&wanted).await.unwrap().id
    };
    let (first, second) = (port().await, port().await);
    let wanted = NewServer {
        ports: vec![first],
        ..new_server()
    };
    let server = cloud.create_server(&wanted).await.unwrap();
    assert_eq!(cloud.port(first).await.unwrap().server, Some(server.id));
    for _ in 0..2 {
        cloud.attach_port(server.id, second).await.unwrap();
    }
    let ports = async || cloud.all_servers().await.unwrap().swap_remove(0).ports;
    assert_eq!(ports().await, [first, second]);
    for _ in 0..2 {
        cloud.detach_port(server.id, first).await.unwrap();
    }
    assert_eq!(cloud.port(first).await.unwrap().server, None);
    cloud.delete_port(second).await.unwrap();
    assert_eq!(ports().await, []);
    cloud.delete_server(server.id).await.unwrap();
    cloud.detach_port(server.id, first).await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_gone_or_anothers_is_refused() {
    let home = Home::new();
    let cloud = home.open().await;
    let with = |port| NewServer {
        ports: vec![port],
        ..new_server()
    };
    let gone = cloud.create_server(&with(Id::new(&RandomIds))).await;
    let gone = gone.unwrap_err();
    assert!(
        matches!(gone, Error::NotFound { kind: "port", .. }),
        "{gone}"
    );
    let port = cloud.create_port(&new_port(&cloud, vip()).await).await;
    let port = port.unwrap().id;
    let server = cloud.create_server(&with(port)).await.unwrap();
    let thief = cloud.create_server(&with(port)).await.unwrap_err();
    assert!(matches!(thief, Error::Refused(_)), "{thief}");
    assert_eq!(home.names("servers").len(), 1);
    cloud.delete_server(server.id).await.unwrap();

    let unknown = cloud.start_server(server.id).await.unwrap_err();
    assert!(
        matches!(unknown, Error::NotFound { kind: "server", .. }),
        "{unknown}"
    );
}

#[tokio::test]
async fn a_file_outside_the_server_is_refused() {
    let home = Home::new();
    let cloud = home.open().await;
    let mut wanted = new_server();
    wanted.files[1].path = "../../../escaped".to_owned();
    let error = cloud.create_server(&wanted).await.unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    assert_eq!(home.names("scratch"), Vec::<String>::new());
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused_with_the_reason() {
    let refusal = async |change: &dyn Fn(&mut Home)| {
        let mut home = Home::new();
        change(&mut home);
        LocalCloud::open(home.config.clone())
            .await
            .err()
            .unwrap()
            .to_string()
    };
    let outside = refusal(&|home| home.config.management = Some("10.0.0.0/24".parse().unwrap()));
    insta::assert_snapshot!(outside.await, @"subnet management: 10.0.0.0/24 is not inside 127.0.0.0/8; other addresses need root and the namespace mode");
    let overlap = refusal(&|home| home.config.management = Some("127.98.0.0/16".parse().unwrap()));
    insta::assert_snapshot!(overlap.await, @"subnet management: 127.98.0.0/16 overlaps subnet private-subnet");
}

#[tokio::test]
async fn what_was_made_as_processes_stays_so() {
    let mut home = Home::new();
    let cloud = home.open().await;
    let wanted = new_port(&cloud, vip()).await;
    let port = cloud.create_port(&wanted).await.unwrap();
    home.config.mode = Mode::Auto;
    let cloud = home.open().await;
    assert_eq!(cloud.isolation(), octavia_cloud::Isolation::Process);
    assert_eq!(cloud.host_address().to_string(), "127.99.0.1");
    assert_eq!(cloud.port(port.id).await.unwrap(), port);
}

/// A small file system, mounted where a test wants a disk that can be full.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(path: std::path::PathBuf) -> Self {
        let options = Some("size=64k,nr_inodes=64");
        let flags = nix::mount::MsFlags::empty();
        nix::mount::mount(Some("tmpfs"), &path, Some("tmpfs"), flags, options).unwrap();
        Self(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        nix::mount::umount2(&self.0, nix::mount::MntFlags::MNT_DETACH).unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_is_retryable_and_leaves_nothing_half_made() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("SKIPPED: a_full_disk_is_retryable needs root, to mount a small disk");
        return;
    }
    let mut home = Home::new();
    let disk = tempfile::tempdir().unwrap();
    let _mounted = SmallDisk::mount(disk.path().to_owned());
    home.config.state_dir = disk.path().to_owned();
    let cloud = home.open().await;
    let port = new_port(&cloud, vip()).await;
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 128 << 10]).unwrap_err();

    let error = cloud.create_port(&port).await.unwrap_err();
    assert!(error.may_retry(), "{error}");
    let wanted = new_server();
    let error = cloud.create_server(&wanted).await.unwrap_err();
    assert!(error.may_retry(), "{error}");
    for directory in ["ports", "addresses", "servers", "scratch"] {
        let left = std::fs::read_dir(disk.path().join("cloud").join(directory));
        assert_eq!(left.unwrap().count(), 0, "{directory}");
    }

    std::fs::remove_file(&ballast).unwrap();
    cloud.create_port(&port).await.unwrap();
    let server = cloud.create_server(&wanted).await.unwrap();
    cloud.delete_server(server.id).await.unwrap();
}

#[tokio::test]
async fn limits_never_keep_an_amphora_from_running() {
    let mut home = Home::new();
    home.config.limits.memory_bytes = Some(256 << 20);
    home.config.limits.cpu_percent = Some(200);
    let cloud = home.open().await;
    let server = cloud.create_server(&new_server()).await.unwrap();
    assert_eq!(status(&cloud, &server).await, ServerStatus::Active);
    let groups = std::fs::read_to_string(format!("/proc/{}/cgroup", home.pid(&server))).unwrap();
    cloud.delete_server(server.id).await.unwrap();
    // Where the host lets us make groups, the amphora was in one of its own, and it is gone now.
    for line in groups.lines().filter(|line| line.contains("/octavia/")) {
        let (_, group) = line.rsplit_once(':').unwrap();
        for root in ["", "memory", "cpu"] {
            let path = format!("/sys/fs/cgroup/{root}{group}");
            assert!(!std::path::Path::new(&path).exists(), "{path}");
        }
    }
}
