use octavia_model::{Id, L7Policy, L7Rule, ProvisioningStatus};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QueryTrait};

use crate::children::{Children, Family, Part};
use crate::column::{Cell, utc};
use crate::row::l7rule;
use crate::{ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns a rule.
    pub async fn l7_rule(&mut self, id: Id<L7Rule>) -> Result<Option<L7Rule>> {
        let id = id.to_string();
        let select = l7rule::Entity::find()
            .filter(l7rule::Column::Id.eq(&id))
            .filter(l7rule::Column::ProvisioningStatus.ne(ProvisioningStatus::Deleted.as_str()));
        self.object(select.into_query(), &id, &family()).await
    }

    /// Adds a rule.
    pub async fn insert_l7_rule(&mut self, rule: &L7Rule) -> Result<()> {
        let row = l7rule::ActiveModel {
            created_at: Set(Some(self.stamp())),
            ..row(rule)
        };
        self.insert(row)
            .await
            .map_err(|error| error.duplicate_is(|| format!("L7 rule {}", rule.id)))?;
        self.insert_tags(&rule.id.to_string(), &rule.tags).await
    }

    /// Writes a rule.
    pub async fn save_l7_rule(&mut self, rule: &L7Rule) -> Result<()> {
        let id = rule.id.to_string();
        let row = l7rule::ActiveModel {
            updated_at: Set(Some(self.stamp())),
            ..row(rule)
        };
        self.update(row, l7rule::Column::Id.eq(&id), "the L7 rule")
            .await?;
        self.replace_tags(&id, &rule.tags).await
    }

    /// Removes a rule.
    pub async fn delete_l7_rule(&mut self, id: Id<L7Rule>) -> Result<()> {
        self.delete_l7rules(&[id.to_string()]).await
    }

    pub(crate) async fn delete_l7rules(&mut self, ids: &[String]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        self.delete_tags_of(ids).await?;
        let delete = l7rule::Entity::delete_many().filter(l7rule::Column::Id.is_in(ids));
        self.execute(&delete.into_query()).await.map(|_| ())
    }

    /// Returns rules of a policy.
    pub async fn l7_rules(
        &mut self,
        policy: Id<L7Policy>,
        query: &ListQuery,
    ) -> Result<Vec<L7Rule>> {
        let select = self.select(Resource::L7Rule(policy), query).await?;
        self.objects(&select, &family()).await
    }

    /// Returns the rules of policies, in order of creation.
    pub(crate) async fn l7_rules_of(&mut self, policies: &[String]) -> Result<Vec<L7Rule>> {
        let select = l7rule::Entity::find()
            .filter(among(l7rule::Column::L7policyId, policies))
            .order_by_asc(l7rule::Column::CreatedAt)
            .order_by_asc(l7rule::Column::Id);
        self.objects(&select.into_query(), &family()).await
    }
}

/// SQLite takes 32,766 parameters in a statement.
const MANY: usize = 30_000;

/// Says that a column is one of these ids. For more of them than a statement takes it says nothing:
/// whoever asks picks from the answer by id.
fn among(column: l7rule::Column, ids: &[String]) -> Expr {
    if ids.len() > MANY {
        return Expr::val(1).eq(1);
    }
    column.is_in(ids)
}

fn family() -> Family<l7rule::Model, L7Rule> {
    Family {
        table: l7rule::Entity.into_iden(),
        id: |row| &row.id,
        parts: vec![Part::tags()],
        object: rule,
    }
}

fn row(rule: &L7Rule) -> l7rule::ActiveModel {
    l7rule::ActiveModel {
        id: Set(rule.id.to_string()),
        l7policy_id: Set(rule.l7_policy_id.to_string()),
        kind: Set(rule.kind.to_string()),
        compare_type: Set(rule.compare_type.to_string()),
        key: Set(rule.key.clone()),
        value: Set(rule.value.clone()),
        invert: Set(rule.invert),
        provisioning_status: Set(rule.provisioning_status.to_string()),
        created_at: NotSet,
        updated_at: NotSet,
        project_id: Set(rule.project_id.clone()),
        enabled: Set(rule.enabled),
        operating_status: Set(rule.operating_status.to_string()),
    }
}

fn rule(row: l7rule::Model, beside: &mut Children) -> Result<L7Rule> {
    let cell = Cell::new("l7rule", &row.id);
    let id = cell.parse(&row.id)?;
    Ok(L7Rule {
        id,
        project_id: row.project_id,
        l7_policy_id: cell.parse(&row.l7policy_id)?,
        kind: cell.parse(&row.kind)?,
        compare_type: cell.parse(&row.compare_type)?,
        key: row.key,
        value: row.value,
        invert: row.invert,
        provisioning_status: cell.parse(&row.provisioning_status)?,
        operating_status: cell.parse(&row.operating_status)?,
        enabled: row.enabled,
        tags: beside.tags(id),
        created_at: utc(row.created_at),
        updated_at: utc(row.updated_at),
    })
}
