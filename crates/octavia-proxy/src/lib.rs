//! The data plane of an amphora: HTTP/1.1, HTTP/2, TCP and UDP load balancing.
//!
//! | module | what it is |
//! |---|---|
//! | [`proxy`] | the handle that the agent holds: start, apply, report, shut down |
//! | `config` | from the document to the snapshot that the loops read |
//! | `worker` | an event loop and the connections it owns |
//! | `http1` | the protocol core: bytes in, bytes and facts out, no sockets |
//! | `http2` | the same for HTTP/2, whose streams carry exchanges of HTTP/1.1 |
//! | `proxy_protocol` | the header that names the client to a member |
//! | `l7` | policies of listeners, compiled, and matched without sockets |
//! | `tcp` | bytes both ways, through user space or `splice` |
//! | `udp` | datagrams in flows, each with its member |
//! | `tls` | certificates, suites, and sessions: records in and out, no sockets |
//! | `balance` | how a member is chosen, pure |
//! | `sticky` | how a client stays with its member |
//! | `health` | how members are asked, and the verdict, which is pure |
//! | `runtime` | what a loop is made of: clock, poller, slots, deadlines, streams |
//! | `tally` | what each loop counts, and its sums |
//! | [`handover`] | what passes to the process that takes our place |
//! | `metrics` | the answer of PROMETHEUS listeners |
//! | `flow_log` | a line for each request, connection and flow |
//! | `fuzzing` | the laws of what reads bytes of strangers; in tests only |
//! | `networks` | who may connect |
//! | `rate` | how often one client may ask |
//! | `report` | statuses and counters, gathered from shared atomics |
//! | `limits` | every bound in one place |
//!
//! Invariants:
//!
//! - A connection lives in one loop from accept to close; loops share only atomics and snapshots.
//! - A snapshot is never changed. A loop looks at the pointer once a turn, and says which it serves.
//! - A change of configuration closes no connection that it does not concern.
//! - Whatever a peer sends, memory per connection is bounded (`limits`).

mod balance;
mod config;
mod flow_log;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod handover;
mod health;
mod http1;
mod http2;
mod l7;
mod limits;
mod metrics;
mod networks;
pub mod proxy;
mod proxy_protocol;
mod rate;
mod report;
mod runtime;
mod shared;
mod sticky;
mod tally;
mod tcp;
mod tls;
mod udp;
mod worker;

pub use flow_log::{LogForwarder, LogOptions, LogProtocol};
pub use proxy::{ApplyError, Inheritance, Proxy, ProxyOptions};
