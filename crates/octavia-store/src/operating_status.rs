use octavia_model::{Id, Listener, LoadBalancer, Member, OperatingStatus, Pool};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::row::{listener, load_balancer, member, pool};
use crate::{Result, Tx};

impl Tx {
    /// Writes a load balancer's operating status, if it differs.
    pub async fn set_load_balancer_operating_status(
        &mut self,
        id: Id<LoadBalancer>,
        status: OperatingStatus,
    ) -> Result<()> {
        use load_balancer::{Column, Entity};
        let columns = [Column::Id, Column::OperatingStatus, Column::UpdatedAt];
        self.set_operating_status::<Entity>(columns, id.to_string(), status)
            .await
    }

    /// Writes a listener's operating status, if it differs.
    pub async fn set_listener_operating_status(
        &mut self,
        id: Id<Listener>,
        status: OperatingStatus,
    ) -> Result<()> {
        use listener::{Column, Entity};
        let columns = [Column::Id, Column::OperatingStatus, Column::UpdatedAt];
        self.set_operating_status::<Entity>(columns, id.to_string(), status)
            .await
    }

    /// Writes a pool's operating status, if it differs.
    pub async fn set_pool_operating_status(
        &mut self,
        id: Id<Pool>,
        status: OperatingStatus,
    ) -> Result<()> {
        use pool::{Column, Entity};
        let columns = [Column::Id, Column::OperatingStatus, Column::UpdatedAt];
        self.set_operating_status::<Entity>(columns, id.to_string(), status)
            .await
    }

    /// Writes a member's operating status, if it differs.
    pub async fn set_member_operating_status(
        &mut self,
        id: Id<Member>,
        status: OperatingStatus,
    ) -> Result<()> {
        use member::{Column, Entity};
        let columns = [Column::Id, Column::OperatingStatus, Column::UpdatedAt];
        self.set_operating_status::<Entity>(columns, id.to_string(), status)
            .await
    }
    async fn set_operating_status<E: EntityTrait>(
        &mut self,
        [key, operating_status, updated_at]: [E::Column; 3],
        id: String,
        status: OperatingStatus,
    ) -> Result<()> {
        let update = E::update_many()
            .col_expr(operating_status, Expr::value(status.as_str()))
            .col_expr(updated_at, Expr::value(self.stamp()))
            .filter(key.eq(id))
            .filter(operating_status.ne(status.as_str()));
        self.execute(&update.into_query()).await.map(|_| ())
    }
}
