use std::net::SocketAddr;
use std::process::Command;

use super::config::{free_port, own_address};
use super::program::Program;

/// A web server behind the proxy that nobody here wrote, with TLS. Ends with its owner.
pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    _program: Program,
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
            "daemon off; master_process off; pid {path}/pid; error_log stderr;\n\
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
        let program = Program::start(directory, command, address)?;
        Some(Self {
            address,
            _program: program,
        })
    }
}
