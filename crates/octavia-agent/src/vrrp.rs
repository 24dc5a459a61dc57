//! VRRP: which of a pair of amphorae has the addresses of the load balancer.

#![cfg_attr(not(test), expect(dead_code, reason = "the machine has no body yet"))]

mod machine;
mod packet;
