//! TLS ended at a listener, with clients that nobody here wrote.

use octavia_amphora_api::config::ListenerProtocol;

use crate::support::command::{Said, run};
use crate::support::pki::{Authority, listener_tls};
use crate::support::{Origin, Setup};

/// Files that programs read.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("write a file");
        path.to_str().expect("a path of text").to_owned()
    }
}

/// Fetches a path by curl, as `host`, trusting `authority`.
fn curl(setup: &Setup, host: &str, authority: &Authority, more: &[&str]) -> Option<Said> {
    let files = Files::new();
    let ca = files.write("ca.pem", &authority.pem());
    let address = setup.address();
    let url = format!("https://{host}:{}/", address.port());
    let resolve = format!("{host}:{}:{}", address.port(), address.ip());
    let mut arguments = vec![
        "-sS",
        "--max-time",
        "10",
        "--cacert",
        &ca,
        "--resolve",
        &resolve,
    ];
    arguments.extend(more);
    arguments.push(&url);
    run("curl", &arguments)
}

#[test]
fn curl_fetches_through_a_tls_listener() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        let listener = &mut config.listeners[0];
        listener.tls = Some(listener_tls(vec![authority.certify(&["www.example.org"])]));
        listener.insert_headers.x_forwarded_proto = true;
    });
    for version in [
        ["--tlsv1.2", "--tls-max", "1.2"],
        ["--tlsv1.3", "--tls-max", "1.3"],
    ] {
        let Some(said) = curl(&setup, "www.example.org", &authority, &version) else {
            return;
        };
        assert_eq!(said.output, "a", "{said:?}");
    }
    assert!(origin.heads()[0].contains("X-Forwarded-Proto: https\n"));
    assert_eq!(setup.counters().request_errors, 0);
}
