use std::collections::HashMap;

use octavia_model::{Id, L7Policy, L7Rule, Listener, LoadBalancer, Pool, ProvisioningStatus};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QueryTrait};

use crate::children::{Children, Family, Part};
use crate::column::{Cell, text, utc};
use crate::row::{l7policy, l7rule};
use crate::settle::listeners_of;
use crate::{ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns a policy with its rules.
    pub async fn l7_policy(&mut self, id: Id<L7Policy>) -> Result<Option<L7Policy>> {
        let id = id.to_string();
        let select = l7policy::Entity::find()
            .filter(l7policy::Column::Id.eq(&id))
            .filter(l7policy::Column::ProvisioningStatus.ne(ProvisioningStatus::Deleted.as_str()));
        let found = self.object(select.into_query(), &id, &family()).await?;
        let with_rules = self.with_rules(found.into_iter().collect()).await?;
        Ok(with_rules.into_iter().next())
    }

    /// Adds a policy without its rules, and moves those behind it on by one. A position behind the
    /// last one means the end.
    pub async fn insert_l7_policy(&mut self, policy: &L7Policy) -> Result<()> {
        let last = self.last_position(policy.listener_id).await?;
        let position = policy.position.clamp(1, last.saturating_add(1));
        self.shift(policy.listener_id, (position, last), 1).await?;
        let row = l7policy::ActiveModel {
            created_at: Set(Some(self.stamp())),
            position: Set(position),
            ..row(policy)
        };
        self.insert(row)
            .await
            .map_err(|error| error.duplicate_is(|| format!("L7 policy {}", policy.id)))?;
        self.insert_tags(&policy.id.to_string(), &policy.tags).await
    }

    /// Writes a policy without its rules; at another position, those between move by one.
    pub async fn save_l7_policy(&mut self, policy: &L7Policy) -> Result<()> {
        let id = policy.id.to_string();
        let select = l7policy::Entity::find().filter(l7policy::Column::Id.eq(&id));
        let present: Option<l7policy::Model> = self.one(&select.into_query()).await?;
        let before = present.map_or(policy.position, |row| row.position);
        let last = self.last_position(policy.listener_id).await?;
        let position = policy.position.clamp(1, Ord::max(last, 1));
        if position < before {
            self.shift(policy.listener_id, (position, before - 1), 1)
                .await?;
        } else if position > before {
            self.shift(policy.listener_id, (before + 1, position), -1)
                .await?;
        }
        let row = l7policy::ActiveModel {
            updated_at: Set(Some(self.stamp())),
            position: Set(position),
            ..row(policy)
        };
        self.update(row, l7policy::Column::Id.eq(&id), "the L7 policy")
            .await?;
        self.replace_tags(&id, &policy.tags).await
    }

    /// Puts all policies of a listener into an order.
    pub async fn order_l7_policies(
        &mut self,
        listener: Id<Listener>,
        order: &[Id<L7Policy>],
    ) -> Result<()> {
        for (position, id) in (1_i32..).zip(order) {
            let update = l7policy::Entity::update_many()
                .col_expr(l7policy::Column::Position, Expr::value(position))
                .filter(l7policy::Column::Id.eq(id.to_string()))
                .filter(l7policy::Column::ListenerId.eq(listener.to_string()))
                .filter(l7policy::Column::Position.ne(position));
            self.execute(&update.into_query()).await?;
        }
        Ok(())
    }

    /// Removes a policy with its rules; those behind it move up.
    pub async fn delete_l7_policy(&mut self, id: Id<L7Policy>) -> Result<()> {
        let this = Query::select()
            .column(l7policy::Column::Id)
            .from(l7policy::Entity)
            .and_where(l7policy::Column::Id.eq(id.to_string()))
            .take();
        self.delete_l7policies(this).await
    }

    /// Returns policies.
    pub async fn l7_policies(&mut self, query: &ListQuery) -> Result<Vec<L7Policy>> {
        let select = self.select(Resource::L7Policy, query).await?;
        self.l7_policies_from(&select).await
    }

    /// Returns a policy that redirects to a pool, if there is one.
    pub async fn l7_policy_using(&mut self, pool: Id<Pool>) -> Result<Option<Id<L7Policy>>> {
        let select = l7policy::Entity::find()
            .filter(l7policy::Column::RedirectPoolId.eq(pool.to_string()))
            .order_by_asc(l7policy::Column::CreatedAt)
            .order_by_asc(l7policy::Column::Id);
        let rows: Vec<l7policy::Model> = self.rows(&select.into_query()).await?;
        rows.first()
            .map(|row| Cell::new("l7policy", &row.id).parse(&row.id))
            .transpose()
    }

    /// Returns the policies of a load balancer, by listener and position.
    pub(crate) async fn l7_policies_of(&mut self, id: Id<LoadBalancer>) -> Result<Vec<L7Policy>> {
        let select = l7policy::Entity::find()
            .filter(Expr::col(l7policy::Column::ListenerId).in_subquery(listeners_of(id)))
            .order_by_asc(l7policy::Column::ListenerId)
            .order_by_asc(l7policy::Column::Position)
            .order_by_asc(l7policy::Column::Id);
        self.l7_policies_from(&select.into_query()).await
    }

    /// Removes policies, whose ids a query returns, with their rules and the tags of both.
    pub(crate) async fn delete_l7policies(&mut self, ids: SelectStatement) -> Result<()> {
        let doomed = l7policy::Entity::find()
            .filter(l7policy::Column::Id.is_in(self.ids(&ids).await?))
            .order_by_desc(l7policy::Column::Position);
        let doomed: Vec<l7policy::Model> = self.rows(&doomed.into_query()).await?;
        let ids: Vec<&String> = doomed.iter().map(|row| &row.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let rules = Query::select()
            .column(l7rule::Column::Id)
            .from(l7rule::Entity)
            .and_where(l7rule::Column::L7policyId.is_in(ids.clone()))
            .take();
        let rules = self.ids(&rules).await?;
        self.delete_l7rules(&rules).await?;
        let all: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        self.delete_tags_of(&all).await?;
        let policies = l7policy::Entity::delete_many().filter(l7policy::Column::Id.is_in(ids));
        self.execute(&policies.into_query()).await?;
        // From the last one on, so that no gap moves before it is closed.
        for row in &doomed {
            let listener = Cell::new("l7policy", &row.id).parse(&row.listener_id)?;
            let behind = (row.position.saturating_add(1), i32::MAX);
            self.shift(listener, behind, -1).await?;
        }
        Ok(())
    }

    async fn last_position(&mut self, listener: Id<Listener>) -> Result<i32> {
        let select = Query::select()
            .expr_as(Expr::col(l7policy::Column::Position).max(), "last")
            .from(l7policy::Entity)
            .and_where(l7policy::Column::ListenerId.eq(listener.to_string()))
            .take();
        let last: Option<Option<i32>> = self.one(&select).await?;
        Ok(last.flatten().unwrap_or(0))
    }

    /// Moves the policies of a listener whose positions lie in a range.
    async fn shift(
        &mut self,
        listener: Id<Listener>,
        (first, last): (i32, i32),
        by: i32,
    ) -> Result<()> {
        if first > last {
            return Ok(());
        }
        let update = l7policy::Entity::update_many()
            .col_expr(
                l7policy::Column::Position,
                Expr::col(l7policy::Column::Position).add(by),
            )
            .col_expr(l7policy::Column::UpdatedAt, Expr::value(self.stamp()))
            .filter(l7policy::Column::ListenerId.eq(listener.to_string()))
            .filter(l7policy::Column::Position.between(first, last));
        self.execute(&update.into_query()).await.map(|_| ())
    }

    async fn l7_policies_from(&mut self, select: &SelectStatement) -> Result<Vec<L7Policy>> {
        let policies = self.objects(select, &family()).await?;
        self.with_rules(policies).await
    }

    async fn with_rules(&mut self, mut policies: Vec<L7Policy>) -> Result<Vec<L7Policy>> {
        let ids: Vec<String> = policies
            .iter()
            .map(|policy| policy.id.to_string())
            .collect();
        let mut rules: HashMap<Id<L7Policy>, Vec<L7Rule>> = HashMap::new();
        if !ids.is_empty() {
            for rule in self.l7_rules_of(&ids).await? {
                rules.entry(rule.l7_policy_id).or_default().push(rule);
            }
        }
        for policy in &mut policies {
            policy.rules = rules.remove(&policy.id).unwrap_or_default();
        }
        Ok(policies)
    }
}

fn family() -> Family<l7policy::Model, L7Policy> {
    Family {
        table: l7policy::Entity.into_iden(),
        id: |row| &row.id,
        parts: vec![Part::tags()],
        object: policy,
    }
}

fn row(policy: &L7Policy) -> l7policy::ActiveModel {
    l7policy::ActiveModel {
        id: Set(policy.id.to_string()),
        name: Set(policy.name.clone()),
        description: Set(policy.description.clone()),
        listener_id: Set(policy.listener_id.to_string()),
        action: Set(policy.action.to_string()),
        redirect_pool_id: Set(text(policy.redirect_pool_id.as_ref())),
        redirect_url: Set(policy.redirect_url.clone()),
        position: NotSet,
        enabled: Set(policy.enabled),
        provisioning_status: Set(policy.provisioning_status.to_string()),
        created_at: NotSet,
        updated_at: NotSet,
        project_id: Set(policy.project_id.clone()),
        operating_status: Set(policy.operating_status.to_string()),
        redirect_prefix: Set(policy.redirect_prefix.clone()),
        redirect_http_code: Set(policy.redirect_http_code),
    }
}

fn policy(row: l7policy::Model, beside: &mut Children) -> Result<L7Policy> {
    let cell = Cell::new("l7policy", &row.id);
    let id = cell.parse(&row.id)?;
    Ok(L7Policy {
        id,
        project_id: row.project_id,
        listener_id: cell.parse(&row.listener_id)?,
        name: row.name,
        description: row.description,
        action: cell.parse(&row.action)?,
        redirect_pool_id: cell.optional(row.redirect_pool_id.as_ref())?,
        redirect_url: row.redirect_url,
        redirect_prefix: row.redirect_prefix,
        redirect_http_code: row.redirect_http_code,
        position: row.position,
        provisioning_status: cell.parse(&row.provisioning_status)?,
        operating_status: cell.parse(&row.operating_status)?,
        enabled: row.enabled,
        tags: beside.tags(id),
        created_at: utc(row.created_at),
        updated_at: utc(row.updated_at),
        rules: Vec::new(),
    })
}
