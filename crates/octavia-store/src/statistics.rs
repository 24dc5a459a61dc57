use std::collections::{BTreeMap, HashSet};

use octavia_model::{Amphora, AmphoraStatus, Id, Listener, LoadBalancer, Statistics};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::column::Cell;
use crate::row::{amphora, listener, listener_statistics};
use crate::{Result, Tx};

impl Tx {
    /// Returns a listener's counters: the sum over all amphorae, gone ones too, where
    /// `active_connections` counts only those of amphorae that serve (and of other providers,
    /// whose rows name the listener as the amphora).
    pub async fn listener_statistics(&mut self, id: Id<Listener>) -> Result<Statistics> {
        let this = listener_statistics::Column::ListenerId.eq(id.to_string());
        self.sum_of(this).await
    }

    /// Returns an amphora's counters, by listener.
    pub async fn amphora_statistics(
        &mut self,
        id: Id<Amphora>,
    ) -> Result<BTreeMap<Id<Listener>, Statistics>> {
        let select = listener_statistics::Entity::find()
            .filter(listener_statistics::Column::AmphoraId.eq(id.to_string()));
        let rows: Vec<listener_statistics::Model> = self.rows(&select.into_query()).await?;
        rows.iter()
            .map(|row| {
                let cell = Cell::new("listener_statistics", &row.listener_id);
                let counters = Statistics {
                    bytes_in: row.bytes_in,
                    bytes_out: row.bytes_out,
                    active_connections: i64::from(row.active_connections),
                    total_connections: row.total_connections,
                    request_errors: row.request_errors,
                };
                Ok((cell.parse(&row.listener_id)?, counters))
            })
            .collect()
    }

    /// Returns a load balancer's counters: the sum of its listeners'.
    pub async fn load_balancer_statistics(&mut self, id: Id<LoadBalancer>) -> Result<Statistics> {
        let listeners = Query::select()
            .column(listener::Column::Id)
            .from(listener::Entity)
            .and_where(listener::Column::LoadBalancerId.eq(id.to_string()))
            .take();
        let these = Expr::col(listener_statistics::Column::ListenerId).in_subquery(listeners);
        self.sum_of(these).await
    }

    /// Adds differences (`active_connections` replaces) to the rows of one amphora.
    pub async fn add_statistics(
        &mut self,
        amphora: Id<Amphora>,
        differences: &BTreeMap<Id<Listener>, Statistics>,
    ) -> Result<()> {
        for (listener, difference) in differences {
            self.add_statistics_of(amphora, *listener, &sane(difference))
                .await?;
        }
        Ok(())
    }

    async fn add_statistics_of(
        &mut self,
        amphora: Id<Amphora>,
        listener: Id<Listener>,
        more: &Statistics,
    ) -> Result<()> {
        use listener_statistics::Column;
        let sum = |column: Column, more: i64| Expr::col(column).add(more);
        let active = i32::try_from(more.active_connections).unwrap_or(i32::MAX);
        let update = listener_statistics::Entity::update_many()
            .col_expr(Column::BytesIn, sum(Column::BytesIn, more.bytes_in))
            .col_expr(Column::BytesOut, sum(Column::BytesOut, more.bytes_out))
            .col_expr(Column::ActiveConnections, Expr::value(active))
            .col_expr(
                Column::TotalConnections,
                sum(Column::TotalConnections, more.total_connections),
            )
            .col_expr(
                Column::RequestErrors,
                sum(Column::RequestErrors, more.request_errors),
            )
            .filter(Column::ListenerId.eq(listener.to_string()))
            .filter(Column::AmphoraId.eq(amphora.to_string()))
            .into_query();
        if self.execute(&update).await? > 0 {
            return Ok(());
        }
        self.insert(listener_statistics::ActiveModel {
            listener_id: Set(listener.to_string()),
            amphora_id: Set(amphora.to_string()),
            bytes_in: Set(more.bytes_in),
            bytes_out: Set(more.bytes_out),
            active_connections: Set(active),
            total_connections: Set(more.total_connections),
            request_errors: Set(more.request_errors),
        })
        .await
    }

    async fn sum_of(&mut self, these: Expr) -> Result<Statistics> {
        let select = listener_statistics::Entity::find().filter(these);
        let rows: Vec<listener_statistics::Model> = self.rows(&select.into_query()).await?;
        let serving: Vec<String> = self.rows(&serving(&rows)).await?;
        let serving: HashSet<String> = serving.into_iter().collect();
        Ok(rows.iter().fold(Statistics::default(), |sum, row| {
            let counts = row.amphora_id == row.listener_id || serving.contains(&row.amphora_id);
            let active = if counts { row.active_connections } else { 0 };
            Statistics {
                bytes_in: sum.bytes_in.saturating_add(row.bytes_in),
                bytes_out: sum.bytes_out.saturating_add(row.bytes_out),
                active_connections: sum.active_connections + i64::from(active),
                total_connections: sum.total_connections.saturating_add(row.total_connections),
                request_errors: sum.request_errors.saturating_add(row.request_errors),
            }
        }))
    }
}

/// Counters never run backwards, whatever a heartbeat says.
fn sane(difference: &Statistics) -> Statistics {
    Statistics {
        bytes_in: Ord::max(difference.bytes_in, 0),
        bytes_out: Ord::max(difference.bytes_out, 0),
        active_connections: Ord::max(difference.active_connections, 0),
        total_connections: Ord::max(difference.total_connections, 0),
        request_errors: Ord::max(difference.request_errors, 0),
    }
}

/// Asks which amphorae of these rows serve.
fn serving(rows: &[listener_statistics::Model]) -> SelectStatement {
    Query::select()
        .column(amphora::Column::Id)
        .from(amphora::Entity)
        .and_where(amphora::Column::Id.is_in(rows.iter().map(|row| row.amphora_id.clone())))
        .and_where(amphora::Column::Status.eq(AmphoraStatus::Allocated.as_str()))
        .take()
}
