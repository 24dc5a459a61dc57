use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "pool")]
    pub struct Model {
        pub project_id: Option<String>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: Option<String>,
        pub description: Option<String>,
        pub protocol: String,
        pub lb_algorithm: String,
        pub operating_status: String,
        pub enabled: bool,
        pub load_balancer_id: Option<String>,
        pub created_at: Option<DateTime>,
        pub updated_at: Option<DateTime>,
        pub provisioning_status: String,
        pub tls_certificate_id: Option<String>,
        pub ca_tls_certificate_id: Option<String>,
        pub crl_container_id: Option<String>,
        pub tls_enabled: bool,
        pub tls_ciphers: Option<String>,
        pub tls_versions: Option<String>,
        pub alpn_protocols: Option<String>,
    }
}
