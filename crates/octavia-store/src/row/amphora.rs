use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "amphora")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub compute_id: Option<String>,
        pub status: String,
        pub load_balancer_id: Option<String>,
        pub lb_network_ip: Option<String>,
        pub vrrp_ip: Option<String>,
        pub ha_ip: Option<String>,
        pub vrrp_port_id: Option<String>,
        pub ha_port_id: Option<String>,
        pub role: Option<String>,
        pub cert_expiration: Option<DateTime>,
        pub cert_busy: bool,
        pub vrrp_interface: Option<String>,
        pub vrrp_id: Option<i32>,
        pub vrrp_priority: Option<i32>,
        pub cached_zone: Option<String>,
        pub created_at: Option<DateTime>,
        pub updated_at: Option<DateTime>,
        pub image_id: Option<String>,
        pub compute_flavor: Option<String>,
    }
}
