//! What goes over the wire: request shapes with upstream's error texts, and response bodies.

pub(crate) mod amphora;
pub(crate) mod availability_zone;
pub(crate) mod availability_zone_profile;
pub(crate) mod decode;
pub(crate) mod flavor;
pub(crate) mod flavor_profile;
pub(crate) mod given;
pub(crate) mod health_monitor;
pub(crate) mod l7policy;
pub(crate) mod l7rule;
pub(crate) mod listener;
pub(crate) mod load_balancer;
pub(crate) mod member;
pub(crate) mod place;
pub(crate) mod pool;
mod provider;
pub(crate) mod python;
pub(crate) mod quota;
pub(crate) mod schema;
pub(crate) mod shape;
pub(crate) mod status;
pub(crate) mod view;
