use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use super::config::{free_port, own_address};
use super::wait_until;

/// A web server behind the proxy that nobody here wrote, with TLS. Ends with its owner.
pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    directory: tempfile::TempDir,
    child: Child,
}

impl Nginx {
    /// Starts nginx with the lines of `server`, in which it finds the files of `files` by their
    /// names; `None`, said aloud, where this machine has none. It answers with the
    /// version of TLS, the name that was asked for, the number of the request on its connection, and
    /// what it thinks of the client's certificate.
    pub(crate) fn start(files: &[(&str, &str)], server: &str) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).expect("write a file");
        }
        let ip = own_address();
        let address = SocketAddr::new(ip, free_port(ip));
        let path = directory.path().display();
        let text = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/error.log;\n\
             events {{}}\n\
             http {{ access_log off; client_body_temp_path {path}/body;\n\
             proxy_temp_path {path}/proxy; fastcgi_temp_path {path}/fastcgi;\n\
             uwsgi_temp_path {path}/uwsgi; scgi_temp_path {path}/scgi;\n\
             server {{ listen {address} ssl; {server}\n\
             location / {{ return 200 \"$ssl_protocol [$ssl_server_name] $connection_requests $ssl_client_verify\"; }} }} }}\n"
        );
        let config = directory.path().join("nginx.conf");
        std::fs::write(&config, text).expect("write a file");
        let mut command = Command::new("nginx");
        command
            .arg("-p")
            .arg(directory.path())
            .arg("-c")
            .arg(&config);
        let child = match command.stderr(Stdio::null()).spawn() {
            Ok(child) => child,
            Err(error) => {
                let mut stderr = std::io::stderr();
                writeln!(stderr, "SKIPPED: nginx cannot be run: {error}").expect("say so");
                return None;
            }
        };
        let mut nginx = Self {
            address,
            directory,
            child,
        };
        wait_until("nginx listens", || {
            let ended = nginx.child.try_wait().expect("look after nginx");
            assert!(ended.is_none(), "nginx ended: {}", nginx.errors());
            TcpStream::connect(address).is_ok()
        });
        Some(nginx)
    }

    /// Returns what it has logged.
    pub(crate) fn errors(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
