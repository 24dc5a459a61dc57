//! Clients that speak HTTP/2 with a listener, written by nobody here.

use octavia_amphora_api::config::{ListenerProtocol, ListenerTls};

use crate::support::command::{Said, run};
use crate::support::pki::{Authority, listener_tls};
use crate::support::{Origin, Setup};

const HOST: &str = "www.example.org";

/// A listener that speaks HTTP/2, and who certified it.
struct Front {
    setup: Setup,
    ca: tempfile::NamedTempFile,
}

fn tls(authority: &Authority) -> ListenerTls {
    ListenerTls {
        alpn: vec!["h2".into(), "http/1.1".into()],
        ..listener_tls(vec![authority.certify(&[HOST])])
    }
}

impl Front {
    fn new(origin: &Origin) -> Self {
        Self::edited(origin, |_| {})
    }

    fn edited(
        origin: &Origin,
        edit: impl FnOnce(&mut octavia_amphora_api::config::AmphoraConfig),
    ) -> Self {
        let authority = Authority::new("authority");
        let tls = tls(&authority);
        let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
            config.listeners[0].tls = Some(tls);
            edit(config);
        });
        let ca = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(ca.path(), authority.pem()).expect("write a file");
        Self { setup, ca }
    }

    fn curl(&self, path: &str, more: &[&str]) -> Option<Said> {
        let address = self.setup.address();
        let url = format!("https://{HOST}:{}{path}", address.port());
        let resolve = format!("{HOST}:{}:{}", address.port(), address.ip());
        let ca = self.ca.path().to_str().expect("a path of text");
        let mut arguments = vec!["-sS", "--http2", "--max-time", "10", "--cacert", ca];
        arguments.extend(["--resolve", &resolve]);
        arguments.extend(more);
        arguments.push(&url);
        run("curl", &arguments)
    }
}

#[test]
fn curl_gets_an_answer() {
    let origin = Origin::named("here");
    let front = Front::new(&origin);
    let Some(said) = front.curl("/a?b=c", &["-w", " %{http_version} %{response_code}"]) else {
        return;
    };
    assert_eq!(said.output, "here 2 200", "{}", said.errors);
    let port = front.setup.address().port();
    let head = origin.heads().remove(0).replace(&port.to_string(), "PORT");
    let head: Vec<_> = head
        .lines()
        .filter(|l| !l.starts_with("user-agent"))
        .collect();
    insta::assert_snapshot!(head.join("\n"), @r"
    GET /a?b=c HTTP/1.1
    host: www.example.org:PORT
    accept: */*
    ");
}

#[test]
fn curl_gets_a_large_answer_and_sends_a_large_body() {
    let origin = Origin::serve(|mut connection| {
        while let Some(head) = connection.request() {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().expect("a number"));
            let body = connection.read(length);
            connection.answer(&[&body[..], &vec![b'x'; 3_000_000]].concat());
        }
    });
    let front = Front::new(&origin);
    let body = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(body.path(), vec![b'y'; 2_000_000]).expect("write a file");
    let data = format!("@{}", body.path().display());
    let format = "-w%{http_version} %{size_upload} %{size_download}";
    let arguments = ["--data-binary", &data, "-o", "/dev/null", format];
    let Some(said) = front.curl("/", &arguments) else {
        return;
    };
    assert_eq!(said.output, "2 2000000 5000000", "{}", said.errors);
}
