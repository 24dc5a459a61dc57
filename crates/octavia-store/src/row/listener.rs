use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "listener")]
    pub struct Model {
        pub project_id: Option<String>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: Option<String>,
        pub description: Option<String>,
        pub protocol: String,
        pub protocol_port: i32,
        pub connection_limit: Option<i32>,
        pub load_balancer_id: Option<String>,
        pub tls_certificate_id: Option<String>,
        pub default_pool_id: Option<String>,
        pub provisioning_status: String,
        pub operating_status: String,
        pub enabled: bool,
        pub peer_port: Option<i32>,
        pub insert_headers: Option<Vec<u8>>,
        pub created_at: Option<DateTime>,
        pub updated_at: Option<DateTime>,
        pub timeout_client_data: Option<i32>,
        pub timeout_member_connect: Option<i32>,
        pub timeout_member_data: Option<i32>,
        pub timeout_tcp_inspect: Option<i32>,
        pub client_ca_tls_certificate_id: Option<String>,
        pub client_authentication: String,
        pub client_crl_container_id: Option<String>,
        pub tls_ciphers: Option<String>,
        pub tls_versions: Option<String>,
        pub alpn_protocols: Option<String>,
        pub hsts_max_age: Option<i32>,
        pub hsts_include_subdomains: Option<bool>,
        pub hsts_preload: Option<bool>,
    }
}
