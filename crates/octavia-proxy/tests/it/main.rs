//! The data plane with real sockets, on addresses of 127.0.0.0/8.

mod balancing;
mod bodies;
mod chaos;
mod churn;
mod faults;
mod handover;
mod haproxy;
mod health;
mod http2;
mod http2_members;
mod l7;
mod limits;
mod metrics;
mod protection;
mod proxy_protocol;
mod requests;
mod smuggling;
mod soak;
mod sticky;
mod support;
mod swaps;
mod tcp;
mod tls;
mod tls_members;
mod traffic_log;
mod udp;
