//! HAProxy as upstream renders it, but for what a process that is measured alone cannot have: a
//! user, a socket for statistics, a daemon; and with one thread.

use std::fmt::Write as _;

use super::super::backend::Backend;
use super::super::certificates::{ECDSA, RSA};
use super::{Listeners, Setup, most_connections};

/// The ciphers of a new listener, as upstream renders them. Ours has the same, in the same order.
const CIPHERS: &str = "ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
    ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:\
    ECDHE-RSA-CHACHA20-POLY1305 ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:\
    TLS_CHACHA20_POLY1305_SHA256";

/// Upstream's default `user_log_format`, as it is rendered for a listener.
const FORMAT: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f90\\ 1b1b0000-0000-4000-8000-000000000001\\ \
    %f\\ %ci\\ %cp\\ %t\\ HTTP_FIELDS\\ %B\\ %U\\ %[ssl_c_verify]\\ %{+Q}[ssl_c_s_dn]\\ %b\\ \
    %s\\ %Tt\\ %tsc";

/// Renders the configuration.
pub(super) fn configuration(
    backend: &Backend,
    setup: &Setup,
    listeners: Listeners,
) -> anyhow::Result<String> {
    let Listeners {
        http,
        tcp,
        ecdsa,
        rsa,
    } = listeners;
    let [ecdsa_file, rsa_file] = [ECDSA, RSA].map(|c| c.file(backend.directory.path()));
    let (target, log) = match setup.logs {
        Some(logs) => (format!("log {logs} local0"), "log global"),
        None => (String::new(), "no log"),
    };
    let [http_format, tcp_format] =
        ["%{+Q}r\\ %ST", "-\\ -"].map(|fields| FORMAT.replace("HTTP_FIELDS", fields));
    let (policies, reuse) = (policies(setup.policies), setup.reuse);
    let [members, two_members] = [setup.members, 2].map(|count| members(backend, count));
    let most = most_connections()?;
    let frontend = format!(
        "maxconn {most}
    option forwardfor
    default_backend http
    timeout client 50000
    log-format {http_format}"
    );
    let backend = "balance roundrobin
    fullconn 50000
    option allbackups
    timeout connect 5000
    timeout server 50000";
    Ok(format!(
        "global
    nbthread 1
    maxconn {most}
    {target}
defaults
    {log}
    retries 3
    option redispatch
    option splice-request
    option splice-response
    option http-keep-alive
frontend http
    bind {http}
    mode http
{policies}    {frontend}
frontend https
    bind {ecdsa} ssl crt {ecdsa_file} {CIPHERS} alpn h2,http/1.1
    bind {rsa} ssl crt {rsa_file} {CIPHERS} alpn h2,http/1.1
    mode http
    {frontend}
frontend tcp
    maxconn {most}
    bind {tcp}
    mode tcp
    default_backend tcp
    timeout client 50000
    log-format {tcp_format}
backend http
    mode http
    http-reuse {reuse}
    {backend}
{members}backend tcp
    mode tcp
    {backend}
{two_members}"
    ))
}

fn members(backend: &Backend, count: usize) -> String {
    let members = backend.members.iter().cycle().take(count);
    let mut text = String::new();
    for (index, member) in members.enumerate() {
        writeln!(text, "    server m{index} {member} weight 1").expect("a text takes all");
    }
    text
}

fn policies(count: usize) -> String {
    let mut text = String::new();
    for index in 0..count {
        let condition = match index % 4 {
            0 => format!("path -m beg /policy/{index}"),
            1 => format!("req.hdr(host) -i -m str host{index}.test"),
            2 => format!("req.hdr(Host) -m sub policy{index}-"),
            _ => format!("path -m reg ^/policy{index}/[0-9]+$"),
        };
        let rule = format!("acl rule{index} {condition}");
        let action = format!("redirect code 302 location http://x.test/ if rule{index}");
        writeln!(text, "        {rule}\n    {action}").expect("a text takes all");
    }
    text
}
