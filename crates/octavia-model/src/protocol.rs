use crate::status::names;

names! {
    /// What a listener speaks with its clients.
    "listener protocol"
    pub enum ListenerProtocol {
        /// HTTP in clear.
        Http = "HTTP",
        /// TLS passed through to the members.
        Https = "HTTPS",
        /// Metrics of the load balancer.
        Prometheus = "PROMETHEUS",
        /// SCTP.
        Sctp = "SCTP",
        /// TCP.
        Tcp = "TCP",
        /// TLS ended at the listener, HTTP inside.
        TerminatedHttps = "TERMINATED_HTTPS",
        /// UDP.
        Udp = "UDP",
    }
}

names! {
    /// What a pool speaks with its members.
    "pool protocol"
    pub enum PoolProtocol {
        /// HTTP.
        Http = "HTTP",
        /// TLS passed through.
        Https = "HTTPS",
        /// The PROXY protocol, version 1.
        Proxy = "PROXY",
        /// The PROXY protocol, version 2.
        ProxyV2 = "PROXYV2",
        /// SCTP.
        Sctp = "SCTP",
        /// TCP.
        Tcp = "TCP",
        /// UDP.
        Udp = "UDP",
    }
}
