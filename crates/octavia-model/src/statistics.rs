/// Traffic counters of a listener, or of a load balancer as the sum of its listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Bytes from clients.
    pub bytes_in: i64,
    /// Bytes to clients.
    pub bytes_out: i64,
    /// Connections open now.
    pub active_connections: i64,
    /// Connections ever accepted.
    pub total_connections: i64,
    /// Requests that could not be served.
    pub request_errors: i64,
}
