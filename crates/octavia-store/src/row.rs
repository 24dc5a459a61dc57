//! The rows of the tables, one file a table: names and types as the schema has them, and nothing else.

#![expect(unreachable_pub, reason = "the derive makes its items public")]

pub mod additional_vip;
pub mod amphora;
pub mod amphora_health;
pub mod amphora_member_port;
pub mod availability_zone;
pub mod availability_zone_profile;
pub mod flavor;
pub mod flavor_profile;
pub mod health_monitor;
pub mod l7policy;
pub mod l7rule;
pub mod listener;
pub mod listener_cidr;
pub mod listener_statistics;
pub mod load_balancer;
pub mod member;
pub mod pool;
pub mod quotas;
pub mod rs_events;
pub mod rs_idempotency_keys;
pub mod rs_reconciliation;
pub mod session_persistence;
pub mod sni;
pub mod tags;
pub mod vip;
pub mod vip_security_group;
pub mod vrrp_group;
