//! The guide's part on TLS: a certificate in the tenant's folder, a listener that ends TLS with it.

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::openstack::OpenStack;
use crate::shell::Step;

/// The port of the listener.
const PORT: &str = "8443";
/// The name in its certificate.
const HOST: &str = "www.example.org";
/// How the listener names the certificate.
const REFERENCE: &str = "file:web";

/// Creates a listener that ends TLS in front of `pool1`, and fetches a page through it, as a client
/// that believes its authority only.
pub(super) fn walk(openstack: &OpenStack, vip: Ipv4Addr, state: &Path) -> anyhow::Result<()> {
    let shown = openstack.json(&["loadbalancer", "show", "lb1"])?;
    let project = shown["project_id"].as_str().context("lb1 has no project")?;
    let certificate = store_certificate(&state.join("secrets").join(project))?;
    openstack.run(&[
        "loadbalancer",
        "listener",
        "create",
        "--name",
        "listener2",
        "--protocol",
        "TERMINATED_HTTPS",
        "--protocol-port",
        PORT,
        "--default-tls-container-ref",
        REFERENCE,
        "--default-pool",
        "pool1",
        "--wait",
        "lb1",
    ])?;
    let page = fetch(vip, &certificate)?;
    println!("through {HOST}, inside TLS: {page}");
    ensure!(page.starts_with("web"), "the page is {page:?}");
    openstack.run(&["loadbalancer", "listener", "delete", "--wait", "listener2"])?;
    Ok(())
}

/// Puts a certificate that signed itself, and its key, where the project's secrets are; returns the
/// file with the certificate.
fn store_certificate(folder: &Path) -> anyhow::Result<String> {
    std::fs::create_dir_all(folder)?;
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (certificate, key) = (path("web.crt"), path("web.key"));
    Step::new("openssl")
        .args(["req", "-x509", "-nodes", "-days", "30", "-newkey", "ec"])
        .args(["-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-subj", &format!("/CN={HOST}")])
        .args(["-addext", &format!("subjectAltName=DNS:{HOST}")])
        .args(["-out", &certificate, "-keyout", &key])
        .output()?;
    let bundle = [&certificate, &key].map(std::fs::read_to_string);
    let [certificate_text, key_text] = bundle;
    std::fs::write(folder.join("web"), certificate_text? + &key_text?)?;
    Ok(certificate)
}

fn fetch(vip: Ipv4Addr, certificate: &str) -> anyhow::Result<String> {
    let url = format!("https://{HOST}:{PORT}/");
    let resolve = format!("{HOST}:{PORT}:{vip}");
    let page = Step::new("curl")
        .args(["-sS", "--fail", "-m", "10", "--cacert", certificate])
        .args(["--resolve", &resolve, &url])
        .output()?;
    Ok(page.trim().to_owned())
}
