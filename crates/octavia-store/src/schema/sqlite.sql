-- Octavia database, revision fabf4983846b, SQLite.
-- Translated from the MySQL form: upstream migrations do not run on SQLite.
-- Turn foreign keys on for every connection: PRAGMA foreign_keys = ON;

CREATE TABLE "alembic_version" (
  "version_num" VARCHAR(32) NOT NULL,
  PRIMARY KEY ("version_num")
);

CREATE TABLE "algorithm" (
  "name" VARCHAR(255) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "amphora_build_request" (
  "amphora_id" VARCHAR(36) NOT NULL,
  "priority" INTEGER,
  "created_time" DATETIME NOT NULL,
  "status" VARCHAR(16) NOT NULL,
  PRIMARY KEY ("amphora_id")
);

CREATE TABLE "amphora_build_slots" (
  "id" INTEGER NOT NULL,
  "slots_used" INTEGER,
  PRIMARY KEY ("id")
);

CREATE TABLE "amphora_health" (
  "amphora_id" VARCHAR(36) NOT NULL,
  "last_update" DATETIME NOT NULL,
  "busy" BOOLEAN NOT NULL,
  PRIMARY KEY ("amphora_id")
);

CREATE TABLE "amphora_roles" (
  "name" VARCHAR(36) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "availability_zone_profile" (
  "id" VARCHAR(36) NOT NULL,
  "name" VARCHAR(255) NOT NULL,
  "provider_name" VARCHAR(255) NOT NULL,
  "availability_zone_data" VARCHAR(4096) NOT NULL,
  PRIMARY KEY ("id")
);

CREATE TABLE "availability_zone" (
  "name" VARCHAR(255) NOT NULL,
  "description" VARCHAR(255),
  "enabled" BOOLEAN NOT NULL,
  "availability_zone_profile_id" VARCHAR(36) NOT NULL,
  PRIMARY KEY ("name"),
  CONSTRAINT "fk_az_az_profile_id" FOREIGN KEY ("availability_zone_profile_id") REFERENCES "availability_zone_profile" ("id")
);

CREATE TABLE "client_authentication_mode" (
  "name" VARCHAR(10) NOT NULL,
  PRIMARY KEY ("name")
);

CREATE TABLE "flavor_profile" (
  "id" VARCHAR(36) NOT NULL,
  "name" VARCHAR(255) NOT NULL,
  "provider_name" VARCHAR(255) NOT NULL,
  "flavor_data" VARCHAR(4096) NOT NULL,
  PRIMARY KEY ("id")
);

CREATE TABLE "flavor" (
  "id" VARCHAR(36) NOT NULL,
  "name" VARCHAR(255) NOT NULL,
  "description" VARCHAR(255),
  "enabled" BOOLEAN NOT NULL,
  "flavor_profile_id" VARCHAR(36) NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "uq_flavor_name" UNIQUE ("name"),
  CONSTRAINT "fk_flavor_flavor_profile_id" FOREIGN KEY ("flavor_profile_id") REFERENCES "flavor_profile" ("id")
);

CREATE TABLE "health_monitor_type" (
  "name" VARCHAR(30) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "l7policy_action" (
  "name" VARCHAR(36) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "l7rule_compare_type" (
  "name" VARCHAR(36) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "l7rule_type" (
  "name" VARCHAR(36) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "lb_topology" (
  "name" VARCHAR(36) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "listener_statistics" (
  "listener_id" VARCHAR(36) NOT NULL,
  "bytes_in" BIGINT NOT NULL,
  "bytes_out" BIGINT NOT NULL,
  "active_connections" INTEGER NOT NULL,
  "total_connections" BIGINT NOT NULL,
  "amphora_id" VARCHAR(36) NOT NULL,
  "request_errors" BIGINT NOT NULL,
  PRIMARY KEY ("listener_id", "amphora_id")
);

CREATE TABLE "operating_status" (
  "name" VARCHAR(30) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "protocol" (
  "name" VARCHAR(30) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "provisioning_status" (
  "name" VARCHAR(30) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "load_balancer" (
  "project_id" VARCHAR(36),
  "id" VARCHAR(36) NOT NULL,
  "name" VARCHAR(255),
  "description" VARCHAR(255),
  "provisioning_status" VARCHAR(16) NOT NULL,
  "operating_status" VARCHAR(16) NOT NULL,
  "enabled" BOOLEAN NOT NULL,
  "topology" VARCHAR(36),
  "server_group_id" VARCHAR(36),
  "created_at" DATETIME,
  "updated_at" DATETIME,
  "provider" VARCHAR(64),
  "flavor_id" VARCHAR(36),
  "availability_zone" VARCHAR(255),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_lb_topology_name" FOREIGN KEY ("topology") REFERENCES "lb_topology" ("name"),
  CONSTRAINT "fk_load_balancer_availability_zone_name" FOREIGN KEY ("availability_zone") REFERENCES "availability_zone" ("name"),
  CONSTRAINT "fk_load_balancer_operating_status_name" FOREIGN KEY ("operating_status") REFERENCES "operating_status" ("name"),
  CONSTRAINT "fk_load_balancer_provisioning_status_name" FOREIGN KEY ("provisioning_status") REFERENCES "provisioning_status" ("name"),
  CONSTRAINT "fk_loadbalancer_flavor_id" FOREIGN KEY ("flavor_id") REFERENCES "flavor" ("id")
);

CREATE TABLE "additional_vip" (
  "load_balancer_id" VARCHAR(36) NOT NULL,
  "ip_address" VARCHAR(64),
  "port_id" VARCHAR(36),
  "subnet_id" VARCHAR(36) NOT NULL,
  "network_id" VARCHAR(36),
  PRIMARY KEY ("load_balancer_id", "subnet_id"),
  CONSTRAINT "fk_add_vip_load_balancer_id" FOREIGN KEY ("load_balancer_id") REFERENCES "load_balancer" ("id")
);

CREATE TABLE "amphora" (
  "id" VARCHAR(36) NOT NULL,
  "compute_id" VARCHAR(36),
  "status" VARCHAR(36) NOT NULL,
  "load_balancer_id" VARCHAR(36),
  "lb_network_ip" VARCHAR(64),
  "vrrp_ip" VARCHAR(64),
  "ha_ip" VARCHAR(64),
  "vrrp_port_id" VARCHAR(36),
  "ha_port_id" VARCHAR(36),
  "role" VARCHAR(36),
  "cert_expiration" DATETIME,
  "cert_busy" BOOLEAN NOT NULL,
  "vrrp_interface" VARCHAR(16),
  "vrrp_id" INTEGER,
  "vrrp_priority" INTEGER,
  "cached_zone" VARCHAR(255),
  "created_at" DATETIME,
  "updated_at" DATETIME,
  "image_id" VARCHAR(36),
  "compute_flavor" VARCHAR(255),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_amphora_load_balancer_id" FOREIGN KEY ("load_balancer_id") REFERENCES "load_balancer" ("id"),
  CONSTRAINT "fk_amphora_provisioning_status_name" FOREIGN KEY ("status") REFERENCES "provisioning_status" ("name"),
  CONSTRAINT "fk_amphora_roles_name" FOREIGN KEY ("role") REFERENCES "amphora_roles" ("name")
);

CREATE TABLE "amphora_member_port" (
  "port_id" VARCHAR(36) NOT NULL,
  "amphora_id" VARCHAR(36) NOT NULL,
  "network_id" VARCHAR(36),
  "created_at" DATETIME,
  "updated_at" DATETIME,
  PRIMARY KEY ("port_id"),
  CONSTRAINT "fk_member_port_amphora_id" FOREIGN KEY ("amphora_id") REFERENCES "amphora" ("id")
);

CREATE TABLE "pool" (
  "project_id" VARCHAR(36),
  "id" VARCHAR(36) NOT NULL,
  "name" VARCHAR(255),
  "description" VARCHAR(255),
  "protocol" VARCHAR(16) NOT NULL,
  "lb_algorithm" VARCHAR(255) NOT NULL,
  "operating_status" VARCHAR(16) NOT NULL,
  "enabled" BOOLEAN NOT NULL,
  "load_balancer_id" VARCHAR(36),
  "created_at" DATETIME,
  "updated_at" DATETIME,
  "provisioning_status" VARCHAR(16) NOT NULL,
  "tls_certificate_id" VARCHAR(255),
  "ca_tls_certificate_id" VARCHAR(255),
  "crl_container_id" VARCHAR(255),
  "tls_enabled" BOOLEAN NOT NULL DEFAULT 0,
  "tls_ciphers" VARCHAR(2048),
  "tls_versions" VARCHAR(512),
  "alpn_protocols" VARCHAR(512),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_pool_algorithm_name" FOREIGN KEY ("lb_algorithm") REFERENCES "algorithm" ("name"),
  CONSTRAINT "fk_pool_operating_status_name" FOREIGN KEY ("operating_status") REFERENCES "operating_status" ("name"),
  CONSTRAINT "fk_pool_protocol_name" FOREIGN KEY ("protocol") REFERENCES "protocol" ("name"),
  CONSTRAINT "fk_pool_provisioning_status_name" FOREIGN KEY ("provisioning_status") REFERENCES "provisioning_status" ("name"),
  CONSTRAINT "pool_ibfk_1" FOREIGN KEY ("load_balancer_id") REFERENCES "load_balancer" ("id")
);

CREATE TABLE "health_monitor" (
  "pool_id" VARCHAR(36) NOT NULL,
  "type" VARCHAR(36) NOT NULL,
  "delay" INTEGER NOT NULL,
  "timeout" INTEGER NOT NULL,
  "fall_threshold" INTEGER NOT NULL,
  "rise_threshold" INTEGER NOT NULL,
  "http_method" VARCHAR(16),
  "url_path" VARCHAR(255),
  "expected_codes" VARCHAR(64),
  "enabled" BOOLEAN NOT NULL,
  "project_id" VARCHAR(36),
  "provisioning_status" VARCHAR(16) NOT NULL,
  "name" VARCHAR(255),
  "id" VARCHAR(36) NOT NULL,
  "created_at" DATETIME,
  "updated_at" DATETIME,
  "operating_status" VARCHAR(16) NOT NULL,
  "http_version" FLOAT,
  "domain_name" VARCHAR(255),
  PRIMARY KEY ("id"),
  CONSTRAINT "uq_health_monitor_pool" UNIQUE ("pool_id"),
  CONSTRAINT "fk_health_monitor_health_monitor_type_name" FOREIGN KEY ("type") REFERENCES "health_monitor_type" ("name"),
  CONSTRAINT "fk_health_monitor_operating_status_name" FOREIGN KEY ("operating_status") REFERENCES "operating_status" ("name"),
  CONSTRAINT "fk_health_monitor_pool_id" FOREIGN KEY ("pool_id") REFERENCES "pool" ("id"),
  CONSTRAINT "fk_health_monitor_provisioning_status_name" FOREIGN KEY ("provisioning_status") REFERENCES "provisioning_status" ("name")
);

CREATE TABLE "listener" (
  "project_id" VARCHAR(36),
  "id" VARCHAR(36) NOT NULL,
  "name" VARCHAR(255),
  "description" VARCHAR(255),
  "protocol" VARCHAR(16) NOT NULL,
  "protocol_port" INTEGER NOT NULL,
  "connection_limit" INTEGER,
  "load_balancer_id" VARCHAR(36),
  "tls_certificate_id" VARCHAR(255),
  "default_pool_id" VARCHAR(36),
  "provisioning_status" VARCHAR(16) NOT NULL,
  "operating_status" VARCHAR(16) NOT NULL,
  "enabled" BOOLEAN NOT NULL,
  "peer_port" INTEGER,
  "insert_headers" BLOB,
  "created_at" DATETIME,
  "updated_at" DATETIME,
  "timeout_client_data" INTEGER,
  "timeout_member_connect" INTEGER,
  "timeout_member_data" INTEGER,
  "timeout_tcp_inspect" INTEGER,
  "client_ca_tls_certificate_id" VARCHAR(255),
  "client_authentication" VARCHAR(10) NOT NULL DEFAULT 'NONE',
  "client_crl_container_id" VARCHAR(255),
  "tls_ciphers" VARCHAR(2048),
  "tls_versions" VARCHAR(512),
  "alpn_protocols" VARCHAR(512),
  "hsts_max_age" INTEGER,
  "hsts_include_subdomains" BOOLEAN,
  "hsts_preload" BOOLEAN,
  PRIMARY KEY ("id"),
  CONSTRAINT "uq_listener_load_balancer_id_protocol_port" UNIQUE ("load_balancer_id", "protocol", "protocol_port"),
  CONSTRAINT "fk_listener_load_balancer_id" FOREIGN KEY ("load_balancer_id") REFERENCES "load_balancer" ("id"),
  CONSTRAINT "fk_listener_operating_status_name" FOREIGN KEY ("operating_status") REFERENCES "operating_status" ("name"),
  CONSTRAINT "fk_listener_pool_id" FOREIGN KEY ("default_pool_id") REFERENCES "pool" ("id"),
  CONSTRAINT "fk_listener_protocol_name" FOREIGN KEY ("protocol") REFERENCES "protocol" ("name"),
  CONSTRAINT "fk_listener_provisioning_status_name" FOREIGN KEY ("provisioning_status") REFERENCES "provisioning_status" ("name"),
  CONSTRAINT "listener_ibfk_1" FOREIGN KEY ("client_authentication") REFERENCES "client_authentication_mode" ("name")
);

CREATE TABLE "l7policy" (
  "id" VARCHAR(36) NOT NULL,
  "name" VARCHAR(255),
  "description" VARCHAR(255),
  "listener_id" VARCHAR(36) NOT NULL,
  "action" VARCHAR(36) NOT NULL,
  "redirect_pool_id" VARCHAR(36),
  "redirect_url" VARCHAR(255),
  "position" INTEGER NOT NULL,
  "enabled" BOOLEAN NOT NULL,
  "provisioning_status" VARCHAR(16) NOT NULL,
  "created_at" DATETIME,
  "updated_at" DATETIME,
  "project_id" VARCHAR(36),
  "operating_status" VARCHAR(16) NOT NULL,
  "redirect_prefix" VARCHAR(255),
  "redirect_http_code" INTEGER,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_l7policy_l7policy_action_name" FOREIGN KEY ("action") REFERENCES "l7policy_action" ("name"),
  CONSTRAINT "fk_l7policy_listener_id" FOREIGN KEY ("listener_id") REFERENCES "listener" ("id"),
  CONSTRAINT "fk_l7policy_operating_status_name" FOREIGN KEY ("operating_status") REFERENCES "operating_status" ("name"),
  CONSTRAINT "fk_l7policy_pool_id" FOREIGN KEY ("redirect_pool_id") REFERENCES "pool" ("id"),
  CONSTRAINT "fk_l7policy_provisioning_status_name" FOREIGN KEY ("provisioning_status") REFERENCES "provisioning_status" ("name")
);

CREATE TABLE "l7rule" (
  "id" VARCHAR(36) NOT NULL,
  "l7policy_id" VARCHAR(36) NOT NULL,
  "type" VARCHAR(36) NOT NULL,
  "compare_type" VARCHAR(36) NOT NULL,
  "key" VARCHAR(255),
  "value" VARCHAR(255) NOT NULL,
  "invert" BOOLEAN NOT NULL,
  "provisioning_status" VARCHAR(16) NOT NULL,
  "created_at" DATETIME,
  "updated_at" DATETIME,
  "project_id" VARCHAR(36),
  "enabled" BOOLEAN NOT NULL DEFAULT 1,
  "operating_status" VARCHAR(16) NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_l7rule_l7policy_id" FOREIGN KEY ("l7policy_id") REFERENCES "l7policy" ("id"),
  CONSTRAINT "fk_l7rule_l7rule_compare_type_name" FOREIGN KEY ("compare_type") REFERENCES "l7rule_compare_type" ("name"),
  CONSTRAINT "fk_l7rule_l7rule_type_name" FOREIGN KEY ("type") REFERENCES "l7rule_type" ("name"),
  CONSTRAINT "fk_l7rule_operating_status_name" FOREIGN KEY ("operating_status") REFERENCES "operating_status" ("name"),
  CONSTRAINT "fk_l7rule_provisioning_status_name" FOREIGN KEY ("provisioning_status") REFERENCES "provisioning_status" ("name")
);

CREATE TABLE "listener_cidr" (
  "listener_id" VARCHAR(36) NOT NULL,
  "cidr" VARCHAR(64) NOT NULL,
  PRIMARY KEY ("listener_id", "cidr"),
  CONSTRAINT "fk_listener_cidr_listener_id" FOREIGN KEY ("listener_id") REFERENCES "listener" ("id")
);

CREATE TABLE "member" (
  "project_id" VARCHAR(36),
  "id" VARCHAR(36) NOT NULL,
  "pool_id" VARCHAR(36) NOT NULL,
  "subnet_id" VARCHAR(36),
  "ip_address" VARCHAR(64),
  "protocol_port" INTEGER NOT NULL,
  "weight" INTEGER,
  "operating_status" VARCHAR(16) NOT NULL,
  "enabled" BOOLEAN NOT NULL,
  "created_at" DATETIME,
  "updated_at" DATETIME,
  "provisioning_status" VARCHAR(16) NOT NULL,
  "name" VARCHAR(255),
  "monitor_address" VARCHAR(64),
  "monitor_port" INTEGER,
  "backup" BOOLEAN NOT NULL,
  "vnic_type" VARCHAR(64) NOT NULL DEFAULT 'normal',
  PRIMARY KEY ("id"),
  CONSTRAINT "uq_member_pool_id_address_protocol_port" UNIQUE ("pool_id", "ip_address", "protocol_port"),
  CONSTRAINT "fk_member_operating_status_name" FOREIGN KEY ("operating_status") REFERENCES "operating_status" ("name"),
  CONSTRAINT "fk_member_pool_id" FOREIGN KEY ("pool_id") REFERENCES "pool" ("id"),
  CONSTRAINT "fk_member_provisioning_status_name" FOREIGN KEY ("provisioning_status") REFERENCES "provisioning_status" ("name")
);

CREATE TABLE "quotas" (
  "project_id" VARCHAR(36) NOT NULL,
  "health_monitor" INTEGER,
  "load_balancer" INTEGER,
  "listener" INTEGER,
  "member" INTEGER,
  "pool" INTEGER,
  "in_use_health_monitor" INTEGER,
  "in_use_load_balancer" INTEGER,
  "in_use_listener" INTEGER,
  "in_use_member" INTEGER,
  "in_use_pool" INTEGER,
  "l7policy" INTEGER,
  "l7rule" INTEGER,
  "in_use_l7policy" INTEGER,
  "in_use_l7rule" INTEGER,
  PRIMARY KEY ("project_id")
);

CREATE TABLE "session_persistence_type" (
  "name" VARCHAR(30) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "session_persistence" (
  "pool_id" VARCHAR(36) NOT NULL,
  "type" VARCHAR(16) NOT NULL,
  "cookie_name" VARCHAR(255),
  "persistence_timeout" INTEGER,
  "persistence_granularity" VARCHAR(64),
  PRIMARY KEY ("pool_id"),
  CONSTRAINT "fk_session_persistence_pool_id" FOREIGN KEY ("pool_id") REFERENCES "pool" ("id"),
  CONSTRAINT "fk_session_persistence_session_persistence_type_name" FOREIGN KEY ("type") REFERENCES "session_persistence_type" ("name")
);

CREATE TABLE "sni" (
  "listener_id" VARCHAR(36) NOT NULL,
  "tls_container_id" VARCHAR(128) NOT NULL,
  "position" INTEGER,
  PRIMARY KEY ("listener_id", "tls_container_id"),
  CONSTRAINT "fk_sni_listener_id" FOREIGN KEY ("listener_id") REFERENCES "listener" ("id")
);

CREATE TABLE "spares_pool" (
  "updated_at" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY ("updated_at")
);

CREATE TABLE "tags" (
  "resource_id" VARCHAR(36) NOT NULL,
  "tag" VARCHAR(255) NOT NULL,
  PRIMARY KEY ("resource_id", "tag")
);

CREATE TABLE "vip" (
  "load_balancer_id" VARCHAR(36) NOT NULL,
  "ip_address" VARCHAR(64),
  "port_id" VARCHAR(36),
  "subnet_id" VARCHAR(36),
  "network_id" VARCHAR(36),
  "qos_policy_id" VARCHAR(36),
  "octavia_owned" BOOLEAN,
  "vnic_type" VARCHAR(64) NOT NULL DEFAULT 'normal',
  PRIMARY KEY ("load_balancer_id"),
  CONSTRAINT "fk_vip_load_balancer_id" FOREIGN KEY ("load_balancer_id") REFERENCES "load_balancer" ("id")
);

CREATE TABLE "vip_security_group" (
  "load_balancer_id" VARCHAR(36) NOT NULL,
  "sg_id" VARCHAR(36) NOT NULL,
  PRIMARY KEY ("load_balancer_id", "sg_id"),
  CONSTRAINT "fk_vip_sg_vip_lb_id" FOREIGN KEY ("load_balancer_id") REFERENCES "vip" ("load_balancer_id")
);

CREATE TABLE "vrrp_auth_method" (
  "name" VARCHAR(36) NOT NULL,
  "description" VARCHAR(255),
  PRIMARY KEY ("name")
);

CREATE TABLE "vrrp_group" (
  "load_balancer_id" VARCHAR(36) NOT NULL,
  "vrrp_group_name" VARCHAR(36),
  "vrrp_auth_type" VARCHAR(16),
  "vrrp_auth_pass" VARCHAR(36),
  "advert_int" INTEGER,
  PRIMARY KEY ("load_balancer_id"),
  CONSTRAINT "fk_load_balancer_vrrp_auth_method_name" FOREIGN KEY ("vrrp_auth_type") REFERENCES "vrrp_auth_method" ("name"),
  CONSTRAINT "fk_vrrp_group_load_balancer_id" FOREIGN KEY ("load_balancer_id") REFERENCES "load_balancer" ("id")
);

CREATE INDEX "ix_availability_zone_availability_zone_profile_id" ON "availability_zone" ("availability_zone_profile_id");
CREATE INDEX "ix_flavor_flavor_profile_id" ON "flavor" ("flavor_profile_id");
CREATE INDEX "ix_listener_statistics_amphora_id" ON "listener_statistics" ("amphora_id");
CREATE INDEX "ix_load_balancer_topology" ON "load_balancer" ("topology");
CREATE INDEX "ix_load_balancer_availability_zone" ON "load_balancer" ("availability_zone");
CREATE INDEX "ix_load_balancer_operating_status" ON "load_balancer" ("operating_status");
CREATE INDEX "ix_load_balancer_provisioning_status" ON "load_balancer" ("provisioning_status");
CREATE INDEX "ix_load_balancer_flavor_id" ON "load_balancer" ("flavor_id");
CREATE INDEX "ix_additional_vip_load_balancer_id" ON "additional_vip" ("load_balancer_id");
CREATE INDEX "ix_amphora_load_balancer_id" ON "amphora" ("load_balancer_id");
CREATE INDEX "ix_amphora_status" ON "amphora" ("status");
CREATE INDEX "ix_amphora_role" ON "amphora" ("role");
CREATE INDEX "ix_amphora_member_port_amphora_id" ON "amphora_member_port" ("amphora_id");
CREATE INDEX "ix_pool_lb_algorithm" ON "pool" ("lb_algorithm");
CREATE INDEX "ix_pool_operating_status" ON "pool" ("operating_status");
CREATE INDEX "ix_pool_protocol" ON "pool" ("protocol");
CREATE INDEX "ix_pool_provisioning_status" ON "pool" ("provisioning_status");
CREATE INDEX "ix_pool_load_balancer_id" ON "pool" ("load_balancer_id");
CREATE INDEX "ix_health_monitor_type" ON "health_monitor" ("type");
CREATE INDEX "ix_health_monitor_operating_status" ON "health_monitor" ("operating_status");
CREATE INDEX "ix_health_monitor_provisioning_status" ON "health_monitor" ("provisioning_status");
CREATE INDEX "ix_listener_client_authentication" ON "listener" ("client_authentication");
CREATE INDEX "ix_listener_operating_status" ON "listener" ("operating_status");
CREATE INDEX "ix_listener_default_pool_id" ON "listener" ("default_pool_id");
CREATE INDEX "ix_listener_protocol" ON "listener" ("protocol");
CREATE INDEX "ix_listener_provisioning_status" ON "listener" ("provisioning_status");
CREATE INDEX "ix_l7policy_action" ON "l7policy" ("action");
CREATE INDEX "ix_l7policy_listener_id" ON "l7policy" ("listener_id");
CREATE INDEX "ix_l7policy_operating_status" ON "l7policy" ("operating_status");
CREATE INDEX "ix_l7policy_redirect_pool_id" ON "l7policy" ("redirect_pool_id");
CREATE INDEX "ix_l7policy_provisioning_status" ON "l7policy" ("provisioning_status");
CREATE INDEX "ix_l7rule_l7policy_id" ON "l7rule" ("l7policy_id");
CREATE INDEX "ix_l7rule_compare_type" ON "l7rule" ("compare_type");
CREATE INDEX "ix_l7rule_type" ON "l7rule" ("type");
CREATE INDEX "ix_l7rule_operating_status" ON "l7rule" ("operating_status");
CREATE INDEX "ix_l7rule_provisioning_status" ON "l7rule" ("provisioning_status");
CREATE INDEX "ix_member_operating_status" ON "member" ("operating_status");
CREATE INDEX "ix_member_provisioning_status" ON "member" ("provisioning_status");
CREATE INDEX "ix_session_persistence_type" ON "session_persistence" ("type");
CREATE INDEX "ix_tags_tag" ON "tags" ("tag");
CREATE INDEX "ix_vrrp_group_vrrp_auth_type" ON "vrrp_group" ("vrrp_auth_type");

INSERT INTO "algorithm" ("name", "description") VALUES ('LEAST_CONNECTIONS', NULL);
INSERT INTO "algorithm" ("name", "description") VALUES ('ROUND_ROBIN', NULL);
INSERT INTO "algorithm" ("name", "description") VALUES ('SOURCE_IP', NULL);
INSERT INTO "algorithm" ("name", "description") VALUES ('SOURCE_IP_PORT', NULL);
INSERT INTO "amphora_build_slots" ("id", "slots_used") VALUES (1, 0);
INSERT INTO "amphora_roles" ("name", "description") VALUES ('BACKUP', NULL);
INSERT INTO "amphora_roles" ("name", "description") VALUES ('MASTER', NULL);
INSERT INTO "amphora_roles" ("name", "description") VALUES ('STANDALONE', NULL);
INSERT INTO "availability_zone_profile" ("id", "name", "provider_name", "availability_zone_data") VALUES ('00000000-0000-0000-0000-000000000000', 'DELETED-PLACEHOLDER', 'DELETED', '{}');
INSERT INTO "availability_zone" ("name", "description", "enabled", "availability_zone_profile_id") VALUES ('00000000-0000-0000-0000-000000000000', 'placeholder for deleted load balancers', 0, '00000000-0000-0000-0000-000000000000');
INSERT INTO "client_authentication_mode" ("name") VALUES ('MANDATORY');
INSERT INTO "client_authentication_mode" ("name") VALUES ('NONE');
INSERT INTO "client_authentication_mode" ("name") VALUES ('OPTIONAL');
INSERT INTO "flavor_profile" ("id", "name", "provider_name", "flavor_data") VALUES ('00000000-0000-0000-0000-000000000000', 'DELETED-PLACEHOLDER', 'DELETED', '{}');
INSERT INTO "flavor" ("id", "name", "description", "enabled", "flavor_profile_id") VALUES ('00000000-0000-0000-0000-000000000000', 'DELETED-PLACEHOLDER', 'placeholder for deleted load balancers', 0, '00000000-0000-0000-0000-000000000000');
INSERT INTO "health_monitor_type" ("name", "description") VALUES ('HTTP', NULL);
INSERT INTO "health_monitor_type" ("name", "description") VALUES ('HTTPS', NULL);
INSERT INTO "health_monitor_type" ("name", "description") VALUES ('PING', NULL);
INSERT INTO "health_monitor_type" ("name", "description") VALUES ('SCTP', NULL);
INSERT INTO "health_monitor_type" ("name", "description") VALUES ('TCP', NULL);
INSERT INTO "health_monitor_type" ("name", "description") VALUES ('TLS-HELLO', NULL);
INSERT INTO "health_monitor_type" ("name", "description") VALUES ('UDP-CONNECT', NULL);
INSERT INTO "l7policy_action" ("name", "description") VALUES ('REDIRECT_PREFIX', NULL);
INSERT INTO "l7policy_action" ("name", "description") VALUES ('REDIRECT_TO_POOL', NULL);
INSERT INTO "l7policy_action" ("name", "description") VALUES ('REDIRECT_TO_URL', NULL);
INSERT INTO "l7policy_action" ("name", "description") VALUES ('REJECT', NULL);
INSERT INTO "l7rule_compare_type" ("name", "description") VALUES ('CONTAINS', NULL);
INSERT INTO "l7rule_compare_type" ("name", "description") VALUES ('ENDS_WITH', NULL);
INSERT INTO "l7rule_compare_type" ("name", "description") VALUES ('EQUAL_TO', NULL);
INSERT INTO "l7rule_compare_type" ("name", "description") VALUES ('REGEX', NULL);
INSERT INTO "l7rule_compare_type" ("name", "description") VALUES ('STARTS_WITH', NULL);
INSERT INTO "l7rule_type" ("name", "description") VALUES ('COOKIE', NULL);
INSERT INTO "l7rule_type" ("name", "description") VALUES ('FILE_TYPE', NULL);
INSERT INTO "l7rule_type" ("name", "description") VALUES ('HEADER', NULL);
INSERT INTO "l7rule_type" ("name", "description") VALUES ('HOST_NAME', NULL);
INSERT INTO "l7rule_type" ("name", "description") VALUES ('PATH', NULL);
INSERT INTO "l7rule_type" ("name", "description") VALUES ('SSL_CONN_HAS_CERT', NULL);
INSERT INTO "l7rule_type" ("name", "description") VALUES ('SSL_DN_FIELD', NULL);
INSERT INTO "l7rule_type" ("name", "description") VALUES ('SSL_VERIFY_RESULT', NULL);
INSERT INTO "lb_topology" ("name", "description") VALUES ('ACTIVE_STANDBY', NULL);
INSERT INTO "lb_topology" ("name", "description") VALUES ('SINGLE', NULL);
INSERT INTO "operating_status" ("name", "description") VALUES ('DEGRADED', NULL);
INSERT INTO "operating_status" ("name", "description") VALUES ('DRAINING', NULL);
INSERT INTO "operating_status" ("name", "description") VALUES ('ERROR', NULL);
INSERT INTO "operating_status" ("name", "description") VALUES ('NO_MONITOR', NULL);
INSERT INTO "operating_status" ("name", "description") VALUES ('OFFLINE', NULL);
INSERT INTO "operating_status" ("name", "description") VALUES ('ONLINE', NULL);
INSERT INTO "protocol" ("name", "description") VALUES ('HTTP', NULL);
INSERT INTO "protocol" ("name", "description") VALUES ('HTTPS', NULL);
INSERT INTO "protocol" ("name", "description") VALUES ('PROMETHEUS', NULL);
INSERT INTO "protocol" ("name", "description") VALUES ('PROXY', NULL);
INSERT INTO "protocol" ("name", "description") VALUES ('PROXYV2', NULL);
INSERT INTO "protocol" ("name", "description") VALUES ('SCTP', NULL);
INSERT INTO "protocol" ("name", "description") VALUES ('TCP', NULL);
INSERT INTO "protocol" ("name", "description") VALUES ('TERMINATED_HTTPS', NULL);
INSERT INTO "protocol" ("name", "description") VALUES ('UDP', NULL);
INSERT INTO "provisioning_status" ("name", "description") VALUES ('ACTIVE', NULL);
INSERT INTO "provisioning_status" ("name", "description") VALUES ('ALLOCATED', NULL);
INSERT INTO "provisioning_status" ("name", "description") VALUES ('BOOTING', NULL);
INSERT INTO "provisioning_status" ("name", "description") VALUES ('DELETED', NULL);
INSERT INTO "provisioning_status" ("name", "description") VALUES ('ERROR', NULL);
INSERT INTO "provisioning_status" ("name", "description") VALUES ('FAILOVER_STOPPED', NULL);
INSERT INTO "provisioning_status" ("name", "description") VALUES ('PENDING_CREATE', NULL);
INSERT INTO "provisioning_status" ("name", "description") VALUES ('PENDING_DELETE', NULL);
INSERT INTO "provisioning_status" ("name", "description") VALUES ('PENDING_UPDATE', NULL);
INSERT INTO "provisioning_status" ("name", "description") VALUES ('READY', NULL);
INSERT INTO "session_persistence_type" ("name", "description") VALUES ('APP_COOKIE', NULL);
INSERT INTO "session_persistence_type" ("name", "description") VALUES ('HTTP_COOKIE', NULL);
INSERT INTO "session_persistence_type" ("name", "description") VALUES ('SOURCE_IP', NULL);
INSERT INTO "spares_pool" ("updated_at") VALUES (CURRENT_TIMESTAMP);
INSERT INTO "vrrp_auth_method" ("name", "description") VALUES ('AH', NULL);
INSERT INTO "vrrp_auth_method" ("name", "description") VALUES ('PASS', NULL);
INSERT INTO "alembic_version" ("version_num") VALUES ('fabf4983846b');
