//! A whole load balancer, declared: what is asked for is compared with what is there, and only the
//! difference is done, in place.
//!
//! `request` reads the body, [`Tree::build`](crate::tree::Tree::build) makes what it asks for, with
//! the rules of the single calls; `plan` is pure: it finds the row of each object and says what is
//! created, changed and deleted. `write` does that, `answer` tells it, and `closing` says which
//! connections it ends.

mod answer;
mod closing;
mod pairing;
mod plan;
mod request;
mod row;
mod write;

pub(crate) use answer::{Mode, answer, schema as answer_schema};
pub(crate) use plan::{Plan, plan};
pub(crate) use request::{Declaration, schema as request_schema};
pub(crate) use write::write;
