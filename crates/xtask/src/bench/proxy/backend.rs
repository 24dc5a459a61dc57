//! The members: one nginx with a file of each size.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use tempfile::TempDir;

use super::Program;
use crate::bench::process::{Core, free_address};
use crate::shell::find;

/// The path and the size of what is served.
const FILES: [(&str, usize); 4] = [
    ("small", 128),
    ("medium", 64 << 10),
    ("large", 1 << 20),
    ("download", 5 << 20),
];

/// Two members that serve the same.
pub(crate) struct Backend {
    _nginx: Program,
    pub(crate) members: [SocketAddr; 2],
    pub(crate) directory: TempDir,
}

impl Backend {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let nginx = find("nginx").context("nginx serves what is measured: apt install nginx")?;
        let directory = tempfile::tempdir()?;
        for (name, size) in FILES {
            std::fs::write(directory.path().join(name), vec![b'x'; size])?;
        }
        let members = [free_address()?, free_address()?];
        let file = directory.path().join("nginx.conf");
        std::fs::write(&file, configuration(directory.path(), members))?;
        let mut command = Command::new(nginx);
        command
            .arg("-p")
            .arg(directory.path())
            .arg("-e")
            .arg("stderr")
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null());
        let mut nginx = Program::start(command, Core::Others)?;
        for member in members {
            nginx.wait_for(member)?;
        }
        Ok(Self {
            _nginx: nginx,
            members,
            directory,
        })
    }
}

fn configuration(directory: &Path, [one, other]: [SocketAddr; 2]) -> String {
    let directory = directory.display();
    // As root, nginx would give up the right to read our directory.
    let user = if nix::unistd::geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    format!(
        "{user}
daemon off;
master_process off;
worker_processes 1;
pid {directory}/nginx.pid;
events {{ worker_connections 19000; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    keepalive_requests 1000000000;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=10 inactive=1h;
    server {{
        listen {one} backlog=4096;
        listen {other} backlog=4096;
        root {directory};
        location = /small {{ return 200 \"{}\"; }}
        # What may include other files is sent in chunks.
        location = /chunked {{ alias {directory}/large; ssi on; ssi_types *; }}
    }}
}}
",
        "x".repeat(FILES[0].1)
    )
}
