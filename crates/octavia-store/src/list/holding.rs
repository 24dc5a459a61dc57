use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::Resource;
use crate::row::{load_balancer, vip_security_group};

/// The lists in objects that can be asked for one of their items.
pub(super) const NAMES: [(Resource, &str); 1] = [(Resource::LoadBalancer, GROUPS)];

const GROUPS: &str = "vip_sg_ids";

/// Returns the condition that a list in an object holds a value; `None` if the name is not that of a
/// list that can be asked.
pub(super) fn holds(resource: Resource, name: &str, wanted: &str) -> Option<Expr> {
    if !NAMES.contains(&(resource, name)) {
        return None;
    }
    let group = Expr::col((vip_security_group::Entity, vip_security_group::Column::SgId));
    let with_group = Query::select()
        .column((
            vip_security_group::Entity,
            vip_security_group::Column::LoadBalancerId,
        ))
        .from(vip_security_group::Entity)
        .and_where(group.eq(wanted.to_lowercase()))
        .take();
    let id = Expr::col((load_balancer::Entity, load_balancer::Column::Id));
    Some(id.in_subquery(with_group))
}
