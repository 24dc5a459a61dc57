-- Octavia database, revision fabf4983846b, MySQL/MariaDB.
-- Same tables, columns, keys, indexes and rows as upstream 19.0.0 migrations make.

CREATE TABLE IF NOT EXISTS `alembic_version` (
  `version_num` VARCHAR(32) NOT NULL,
  PRIMARY KEY (`version_num`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `algorithm` (
  `name` VARCHAR(255) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `amphora_build_request` (
  `amphora_id` VARCHAR(36) NOT NULL,
  `priority` INT,
  `created_time` DATETIME NOT NULL,
  `status` VARCHAR(16) NOT NULL,
  PRIMARY KEY (`amphora_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `amphora_build_slots` (
  `id` INT NOT NULL AUTO_INCREMENT,
  `slots_used` INT,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `amphora_health` (
  `amphora_id` VARCHAR(36) NOT NULL,
  `last_update` DATETIME NOT NULL,
  `busy` TINYINT(1) NOT NULL,
  PRIMARY KEY (`amphora_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `amphora_roles` (
  `name` VARCHAR(36) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `availability_zone_profile` (
  `id` VARCHAR(36) NOT NULL,
  `name` VARCHAR(255) NOT NULL,
  `provider_name` VARCHAR(255) NOT NULL,
  `availability_zone_data` VARCHAR(4096) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `availability_zone` (
  `name` VARCHAR(255) NOT NULL,
  `description` VARCHAR(255),
  `enabled` TINYINT(1) NOT NULL,
  `availability_zone_profile_id` VARCHAR(36) NOT NULL,
  PRIMARY KEY (`name`),
  KEY `fk_az_az_profile_id` (`availability_zone_profile_id`),
  CONSTRAINT `fk_az_az_profile_id` FOREIGN KEY (`availability_zone_profile_id`) REFERENCES `availability_zone_profile` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `client_authentication_mode` (
  `name` VARCHAR(10) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `flavor_profile` (
  `id` VARCHAR(36) NOT NULL,
  `name` VARCHAR(255) NOT NULL,
  `provider_name` VARCHAR(255) NOT NULL,
  `flavor_data` VARCHAR(4096) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `flavor` (
  `id` VARCHAR(36) NOT NULL,
  `name` VARCHAR(255) NOT NULL,
  `description` VARCHAR(255),
  `enabled` TINYINT(1) NOT NULL,
  `flavor_profile_id` VARCHAR(36) NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `uq_flavor_name` UNIQUE (`name`),
  KEY `fk_flavor_flavor_profile_id` (`flavor_profile_id`),
  CONSTRAINT `fk_flavor_flavor_profile_id` FOREIGN KEY (`flavor_profile_id`) REFERENCES `flavor_profile` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `health_monitor_type` (
  `name` VARCHAR(30) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `l7policy_action` (
  `name` VARCHAR(36) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `l7rule_compare_type` (
  `name` VARCHAR(36) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `l7rule_type` (
  `name` VARCHAR(36) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `lb_topology` (
  `name` VARCHAR(36) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `listener_statistics` (
  `listener_id` VARCHAR(36) NOT NULL,
  `bytes_in` BIGINT NOT NULL,
  `bytes_out` BIGINT NOT NULL,
  `active_connections` INT NOT NULL,
  `total_connections` BIGINT NOT NULL,
  `amphora_id` VARCHAR(36) NOT NULL,
  `request_errors` BIGINT NOT NULL,
  PRIMARY KEY (`listener_id`, `amphora_id`),
  KEY `fk_listener_statistic_amphora_id` (`amphora_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `operating_status` (
  `name` VARCHAR(30) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `protocol` (
  `name` VARCHAR(30) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `provisioning_status` (
  `name` VARCHAR(30) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `load_balancer` (
  `project_id` VARCHAR(36),
  `id` VARCHAR(36) NOT NULL,
  `name` VARCHAR(255),
  `description` VARCHAR(255),
  `provisioning_status` VARCHAR(16) NOT NULL,
  `operating_status` VARCHAR(16) NOT NULL,
  `enabled` TINYINT(1) NOT NULL,
  `topology` VARCHAR(36),
  `server_group_id` VARCHAR(36),
  `created_at` DATETIME,
  `updated_at` DATETIME,
  `provider` VARCHAR(64),
  `flavor_id` VARCHAR(36),
  `availability_zone` VARCHAR(255),
  PRIMARY KEY (`id`),
  KEY `fk_lb_topology_name` (`topology`),
  KEY `fk_load_balancer_availability_zone_name` (`availability_zone`),
  KEY `fk_load_balancer_operating_status_name` (`operating_status`),
  KEY `fk_load_balancer_provisioning_status_name` (`provisioning_status`),
  KEY `fk_loadbalancer_flavor_id` (`flavor_id`),
  CONSTRAINT `fk_lb_topology_name` FOREIGN KEY (`topology`) REFERENCES `lb_topology` (`name`),
  CONSTRAINT `fk_load_balancer_availability_zone_name` FOREIGN KEY (`availability_zone`) REFERENCES `availability_zone` (`name`),
  CONSTRAINT `fk_load_balancer_operating_status_name` FOREIGN KEY (`operating_status`) REFERENCES `operating_status` (`name`),
  CONSTRAINT `fk_load_balancer_provisioning_status_name` FOREIGN KEY (`provisioning_status`) REFERENCES `provisioning_status` (`name`),
  CONSTRAINT `fk_loadbalancer_flavor_id` FOREIGN KEY (`flavor_id`) REFERENCES `flavor` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `additional_vip` (
  `load_balancer_id` VARCHAR(36) NOT NULL,
  `ip_address` VARCHAR(64),
  `port_id` VARCHAR(36),
  `subnet_id` VARCHAR(36) NOT NULL,
  `network_id` VARCHAR(36),
  PRIMARY KEY (`load_balancer_id`, `subnet_id`),
  KEY `ix_additional_vip_load_balancer_id` (`load_balancer_id`),
  CONSTRAINT `fk_add_vip_load_balancer_id` FOREIGN KEY (`load_balancer_id`) REFERENCES `load_balancer` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `amphora` (
  `id` VARCHAR(36) NOT NULL,
  `compute_id` VARCHAR(36),
  `status` VARCHAR(36) NOT NULL,
  `load_balancer_id` VARCHAR(36),
  `lb_network_ip` VARCHAR(64),
  `vrrp_ip` VARCHAR(64),
  `ha_ip` VARCHAR(64),
  `vrrp_port_id` VARCHAR(36),
  `ha_port_id` VARCHAR(36),
  `role` VARCHAR(36),
  `cert_expiration` DATETIME,
  `cert_busy` TINYINT(1) NOT NULL,
  `vrrp_interface` VARCHAR(16),
  `vrrp_id` INT,
  `vrrp_priority` INT,
  `cached_zone` VARCHAR(255),
  `created_at` DATETIME,
  `updated_at` DATETIME,
  `image_id` VARCHAR(36),
  `compute_flavor` VARCHAR(255),
  PRIMARY KEY (`id`),
  KEY `fk_amphora_load_balancer_id` (`load_balancer_id`),
  KEY `fk_amphora_provisioning_status_name` (`status`),
  KEY `fk_amphora_roles_name` (`role`),
  CONSTRAINT `fk_amphora_load_balancer_id` FOREIGN KEY (`load_balancer_id`) REFERENCES `load_balancer` (`id`),
  CONSTRAINT `fk_amphora_provisioning_status_name` FOREIGN KEY (`status`) REFERENCES `provisioning_status` (`name`),
  CONSTRAINT `fk_amphora_roles_name` FOREIGN KEY (`role`) REFERENCES `amphora_roles` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `amphora_member_port` (
  `port_id` VARCHAR(36) NOT NULL,
  `amphora_id` VARCHAR(36) NOT NULL,
  `network_id` VARCHAR(36),
  `created_at` DATETIME,
  `updated_at` DATETIME,
  PRIMARY KEY (`port_id`),
  KEY `ix_amphora_member_port_amphora_id` (`amphora_id`),
  CONSTRAINT `fk_member_port_amphora_id` FOREIGN KEY (`amphora_id`) REFERENCES `amphora` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `pool` (
  `project_id` VARCHAR(36),
  `id` VARCHAR(36) NOT NULL,
  `name` VARCHAR(255),
  `description` VARCHAR(255),
  `protocol` VARCHAR(16) NOT NULL,
  `lb_algorithm` VARCHAR(255) NOT NULL,
  `operating_status` VARCHAR(16) NOT NULL,
  `enabled` TINYINT(1) NOT NULL,
  `load_balancer_id` VARCHAR(36),
  `created_at` DATETIME,
  `updated_at` DATETIME,
  `provisioning_status` VARCHAR(16) NOT NULL,
  `tls_certificate_id` VARCHAR(255),
  `ca_tls_certificate_id` VARCHAR(255),
  `crl_container_id` VARCHAR(255),
  `tls_enabled` TINYINT(1) NOT NULL DEFAULT 0,
  `tls_ciphers` VARCHAR(2048),
  `tls_versions` VARCHAR(512),
  `alpn_protocols` VARCHAR(512),
  PRIMARY KEY (`id`),
  KEY `fk_pool_algorithm_name` (`lb_algorithm`),
  KEY `fk_pool_operating_status_name` (`operating_status`),
  KEY `fk_pool_protocol_name` (`protocol`),
  KEY `fk_pool_provisioning_status_name` (`provisioning_status`),
  KEY `load_balancer_id` (`load_balancer_id`),
  CONSTRAINT `fk_pool_algorithm_name` FOREIGN KEY (`lb_algorithm`) REFERENCES `algorithm` (`name`),
  CONSTRAINT `fk_pool_operating_status_name` FOREIGN KEY (`operating_status`) REFERENCES `operating_status` (`name`),
  CONSTRAINT `fk_pool_protocol_name` FOREIGN KEY (`protocol`) REFERENCES `protocol` (`name`),
  CONSTRAINT `fk_pool_provisioning_status_name` FOREIGN KEY (`provisioning_status`) REFERENCES `provisioning_status` (`name`),
  CONSTRAINT `pool_ibfk_1` FOREIGN KEY (`load_balancer_id`) REFERENCES `load_balancer` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `health_monitor` (
  `pool_id` VARCHAR(36) NOT NULL,
  `type` VARCHAR(36) NOT NULL,
  `delay` INT NOT NULL,
  `timeout` INT NOT NULL,
  `fall_threshold` INT NOT NULL,
  `rise_threshold` INT NOT NULL,
  `http_method` VARCHAR(16),
  `url_path` VARCHAR(255),
  `expected_codes` VARCHAR(64),
  `enabled` TINYINT(1) NOT NULL,
  `project_id` VARCHAR(36),
  `provisioning_status` VARCHAR(16) NOT NULL,
  `name` VARCHAR(255),
  `id` VARCHAR(36) NOT NULL,
  `created_at` DATETIME,
  `updated_at` DATETIME,
  `operating_status` VARCHAR(16) NOT NULL,
  `http_version` FLOAT,
  `domain_name` VARCHAR(255),
  PRIMARY KEY (`id`),
  CONSTRAINT `uq_health_monitor_pool` UNIQUE (`pool_id`),
  KEY `fk_health_monitor_health_monitor_type_name` (`type`),
  KEY `fk_health_monitor_operating_status_name` (`operating_status`),
  KEY `fk_health_monitor_provisioning_status_name` (`provisioning_status`),
  CONSTRAINT `fk_health_monitor_health_monitor_type_name` FOREIGN KEY (`type`) REFERENCES `health_monitor_type` (`name`),
  CONSTRAINT `fk_health_monitor_operating_status_name` FOREIGN KEY (`operating_status`) REFERENCES `operating_status` (`name`),
  CONSTRAINT `fk_health_monitor_pool_id` FOREIGN KEY (`pool_id`) REFERENCES `pool` (`id`),
  CONSTRAINT `fk_health_monitor_provisioning_status_name` FOREIGN KEY (`provisioning_status`) REFERENCES `provisioning_status` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `listener` (
  `project_id` VARCHAR(36),
  `id` VARCHAR(36) NOT NULL,
  `name` VARCHAR(255),
  `description` VARCHAR(255),
  `protocol` VARCHAR(16) NOT NULL,
  `protocol_port` INT NOT NULL,
  `connection_limit` INT,
  `load_balancer_id` VARCHAR(36),
  `tls_certificate_id` VARCHAR(255),
  `default_pool_id` VARCHAR(36),
  `provisioning_status` VARCHAR(16) NOT NULL,
  `operating_status` VARCHAR(16) NOT NULL,
  `enabled` TINYINT(1) NOT NULL,
  `peer_port` INT,
  `insert_headers` BLOB,
  `created_at` DATETIME,
  `updated_at` DATETIME,
  `timeout_client_data` INT,
  `timeout_member_connect` INT,
  `timeout_member_data` INT,
  `timeout_tcp_inspect` INT,
  `client_ca_tls_certificate_id` VARCHAR(255),
  `client_authentication` VARCHAR(10) NOT NULL DEFAULT 'NONE',
  `client_crl_container_id` VARCHAR(255),
  `tls_ciphers` VARCHAR(2048),
  `tls_versions` VARCHAR(512),
  `alpn_protocols` VARCHAR(512),
  `hsts_max_age` INT,
  `hsts_include_subdomains` TINYINT(1),
  `hsts_preload` TINYINT(1),
  PRIMARY KEY (`id`),
  CONSTRAINT `uq_listener_load_balancer_id_protocol_port` UNIQUE (`load_balancer_id`, `protocol`, `protocol_port`),
  KEY `client_authentication` (`client_authentication`),
  KEY `fk_listener_operating_status_name` (`operating_status`),
  KEY `fk_listener_pool_id` (`default_pool_id`),
  KEY `fk_listener_protocol_name` (`protocol`),
  KEY `fk_listener_provisioning_status_name` (`provisioning_status`),
  CONSTRAINT `fk_listener_load_balancer_id` FOREIGN KEY (`load_balancer_id`) REFERENCES `load_balancer` (`id`),
  CONSTRAINT `fk_listener_operating_status_name` FOREIGN KEY (`operating_status`) REFERENCES `operating_status` (`name`),
  CONSTRAINT `fk_listener_pool_id` FOREIGN KEY (`default_pool_id`) REFERENCES `pool` (`id`),
  CONSTRAINT `fk_listener_protocol_name` FOREIGN KEY (`protocol`) REFERENCES `protocol` (`name`),
  CONSTRAINT `fk_listener_provisioning_status_name` FOREIGN KEY (`provisioning_status`) REFERENCES `provisioning_status` (`name`),
  CONSTRAINT `listener_ibfk_1` FOREIGN KEY (`client_authentication`) REFERENCES `client_authentication_mode` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `l7policy` (
  `id` VARCHAR(36) NOT NULL,
  `name` VARCHAR(255),
  `description` VARCHAR(255),
  `listener_id` VARCHAR(36) NOT NULL,
  `action` VARCHAR(36) NOT NULL,
  `redirect_pool_id` VARCHAR(36),
  `redirect_url` VARCHAR(255),
  `position` INT NOT NULL,
  `enabled` TINYINT(1) NOT NULL,
  `provisioning_status` VARCHAR(16) NOT NULL,
  `created_at` DATETIME,
  `updated_at` DATETIME,
  `project_id` VARCHAR(36),
  `operating_status` VARCHAR(16) NOT NULL,
  `redirect_prefix` VARCHAR(255),
  `redirect_http_code` INT,
  PRIMARY KEY (`id`),
  KEY `fk_l7policy_l7policy_action_name` (`action`),
  KEY `fk_l7policy_listener_id` (`listener_id`),
  KEY `fk_l7policy_operating_status_name` (`operating_status`),
  KEY `fk_l7policy_pool_id` (`redirect_pool_id`),
  KEY `fk_l7policy_provisioning_status_name` (`provisioning_status`),
  CONSTRAINT `fk_l7policy_l7policy_action_name` FOREIGN KEY (`action`) REFERENCES `l7policy_action` (`name`),
  CONSTRAINT `fk_l7policy_listener_id` FOREIGN KEY (`listener_id`) REFERENCES `listener` (`id`),
  CONSTRAINT `fk_l7policy_operating_status_name` FOREIGN KEY (`operating_status`) REFERENCES `operating_status` (`name`),
  CONSTRAINT `fk_l7policy_pool_id` FOREIGN KEY (`redirect_pool_id`) REFERENCES `pool` (`id`),
  CONSTRAINT `fk_l7policy_provisioning_status_name` FOREIGN KEY (`provisioning_status`) REFERENCES `provisioning_status` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `l7rule` (
  `id` VARCHAR(36) NOT NULL,
  `l7policy_id` VARCHAR(36) NOT NULL,
  `type` VARCHAR(36) NOT NULL,
  `compare_type` VARCHAR(36) NOT NULL,
  `key` VARCHAR(255),
  `value` VARCHAR(255) NOT NULL,
  `invert` TINYINT(1) NOT NULL,
  `provisioning_status` VARCHAR(16) NOT NULL,
  `created_at` DATETIME,
  `updated_at` DATETIME,
  `project_id` VARCHAR(36),
  `enabled` TINYINT(1) NOT NULL DEFAULT 1,
  `operating_status` VARCHAR(16) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `fk_l7rule_l7policy_id` (`l7policy_id`),
  KEY `fk_l7rule_l7rule_compare_type_name` (`compare_type`),
  KEY `fk_l7rule_l7rule_type_name` (`type`),
  KEY `fk_l7rule_operating_status_name` (`operating_status`),
  KEY `fk_l7rule_provisioning_status_name` (`provisioning_status`),
  CONSTRAINT `fk_l7rule_l7policy_id` FOREIGN KEY (`l7policy_id`) REFERENCES `l7policy` (`id`),
  CONSTRAINT `fk_l7rule_l7rule_compare_type_name` FOREIGN KEY (`compare_type`) REFERENCES `l7rule_compare_type` (`name`),
  CONSTRAINT `fk_l7rule_l7rule_type_name` FOREIGN KEY (`type`) REFERENCES `l7rule_type` (`name`),
  CONSTRAINT `fk_l7rule_operating_status_name` FOREIGN KEY (`operating_status`) REFERENCES `operating_status` (`name`),
  CONSTRAINT `fk_l7rule_provisioning_status_name` FOREIGN KEY (`provisioning_status`) REFERENCES `provisioning_status` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `listener_cidr` (
  `listener_id` VARCHAR(36) NOT NULL,
  `cidr` VARCHAR(64) NOT NULL,
  PRIMARY KEY (`listener_id`, `cidr`),
  CONSTRAINT `fk_listener_cidr_listener_id` FOREIGN KEY (`listener_id`) REFERENCES `listener` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `member` (
  `project_id` VARCHAR(36),
  `id` VARCHAR(36) NOT NULL,
  `pool_id` VARCHAR(36) NOT NULL,
  `subnet_id` VARCHAR(36),
  `ip_address` VARCHAR(64),
  `protocol_port` INT NOT NULL,
  `weight` INT,
  `operating_status` VARCHAR(16) NOT NULL,
  `enabled` TINYINT(1) NOT NULL,
  `created_at` DATETIME,
  `updated_at` DATETIME,
  `provisioning_status` VARCHAR(16) NOT NULL,
  `name` VARCHAR(255),
  `monitor_address` VARCHAR(64),
  `monitor_port` INT,
  `backup` TINYINT(1) NOT NULL,
  `vnic_type` VARCHAR(64) NOT NULL DEFAULT 'normal',
  PRIMARY KEY (`id`),
  CONSTRAINT `uq_member_pool_id_address_protocol_port` UNIQUE (`pool_id`, `ip_address`, `protocol_port`),
  KEY `fk_member_operating_status_name` (`operating_status`),
  KEY `fk_member_provisioning_status_name` (`provisioning_status`),
  CONSTRAINT `fk_member_operating_status_name` FOREIGN KEY (`operating_status`) REFERENCES `operating_status` (`name`),
  CONSTRAINT `fk_member_pool_id` FOREIGN KEY (`pool_id`) REFERENCES `pool` (`id`),
  CONSTRAINT `fk_member_provisioning_status_name` FOREIGN KEY (`provisioning_status`) REFERENCES `provisioning_status` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `quotas` (
  `project_id` VARCHAR(36) NOT NULL,
  `health_monitor` INT,
  `load_balancer` INT,
  `listener` INT,
  `member` INT,
  `pool` INT,
  `in_use_health_monitor` INT,
  `in_use_load_balancer` INT,
  `in_use_listener` INT,
  `in_use_member` INT,
  `in_use_pool` INT,
  `l7policy` INT,
  `l7rule` INT,
  `in_use_l7policy` INT,
  `in_use_l7rule` INT,
  PRIMARY KEY (`project_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `session_persistence_type` (
  `name` VARCHAR(30) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `session_persistence` (
  `pool_id` VARCHAR(36) NOT NULL,
  `type` VARCHAR(16) NOT NULL,
  `cookie_name` VARCHAR(255),
  `persistence_timeout` INT,
  `persistence_granularity` VARCHAR(64),
  PRIMARY KEY (`pool_id`),
  KEY `fk_session_persistence_session_persistence_type_name` (`type`),
  CONSTRAINT `fk_session_persistence_pool_id` FOREIGN KEY (`pool_id`) REFERENCES `pool` (`id`),
  CONSTRAINT `fk_session_persistence_session_persistence_type_name` FOREIGN KEY (`type`) REFERENCES `session_persistence_type` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `sni` (
  `listener_id` VARCHAR(36) NOT NULL,
  `tls_container_id` VARCHAR(128) NOT NULL,
  `position` INT,
  PRIMARY KEY (`listener_id`, `tls_container_id`),
  CONSTRAINT `fk_sni_listener_id` FOREIGN KEY (`listener_id`) REFERENCES `listener` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `spares_pool` (
  `updated_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`updated_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `tags` (
  `resource_id` VARCHAR(36) NOT NULL,
  `tag` VARCHAR(255) NOT NULL,
  PRIMARY KEY (`resource_id`, `tag`),
  KEY `ix_tags_tag` (`tag`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `vip` (
  `load_balancer_id` VARCHAR(36) NOT NULL,
  `ip_address` VARCHAR(64),
  `port_id` VARCHAR(36),
  `subnet_id` VARCHAR(36),
  `network_id` VARCHAR(36),
  `qos_policy_id` VARCHAR(36),
  `octavia_owned` TINYINT(1),
  `vnic_type` VARCHAR(64) NOT NULL DEFAULT 'normal',
  PRIMARY KEY (`load_balancer_id`),
  CONSTRAINT `fk_vip_load_balancer_id` FOREIGN KEY (`load_balancer_id`) REFERENCES `load_balancer` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `vip_security_group` (
  `load_balancer_id` VARCHAR(36) NOT NULL,
  `sg_id` VARCHAR(36) NOT NULL,
  PRIMARY KEY (`load_balancer_id`, `sg_id`),
  CONSTRAINT `fk_vip_sg_vip_lb_id` FOREIGN KEY (`load_balancer_id`) REFERENCES `vip` (`load_balancer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `vrrp_auth_method` (
  `name` VARCHAR(36) NOT NULL,
  `description` VARCHAR(255),
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE IF NOT EXISTS `vrrp_group` (
  `load_balancer_id` VARCHAR(36) NOT NULL,
  `vrrp_group_name` VARCHAR(36),
  `vrrp_auth_type` VARCHAR(16),
  `vrrp_auth_pass` VARCHAR(36),
  `advert_int` INT,
  PRIMARY KEY (`load_balancer_id`),
  KEY `fk_load_balancer_vrrp_auth_method_name` (`vrrp_auth_type`),
  CONSTRAINT `fk_load_balancer_vrrp_auth_method_name` FOREIGN KEY (`vrrp_auth_type`) REFERENCES `vrrp_auth_method` (`name`),
  CONSTRAINT `fk_vrrp_group_load_balancer_id` FOREIGN KEY (`load_balancer_id`) REFERENCES `load_balancer` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;


INSERT IGNORE INTO `algorithm` (`name`, `description`) VALUES ('LEAST_CONNECTIONS', NULL);
INSERT IGNORE INTO `algorithm` (`name`, `description`) VALUES ('ROUND_ROBIN', NULL);
INSERT IGNORE INTO `algorithm` (`name`, `description`) VALUES ('SOURCE_IP', NULL);
INSERT IGNORE INTO `algorithm` (`name`, `description`) VALUES ('SOURCE_IP_PORT', NULL);
INSERT IGNORE INTO `amphora_build_slots` (`id`, `slots_used`) VALUES (1, 0);
INSERT IGNORE INTO `amphora_roles` (`name`, `description`) VALUES ('BACKUP', NULL);
INSERT IGNORE INTO `amphora_roles` (`name`, `description`) VALUES ('MASTER', NULL);
INSERT IGNORE INTO `amphora_roles` (`name`, `description`) VALUES ('STANDALONE', NULL);
INSERT IGNORE INTO `availability_zone_profile` (`id`, `name`, `provider_name`, `availability_zone_data`) VALUES ('00000000-0000-0000-0000-000000000000', 'DELETED-PLACEHOLDER', 'DELETED', '{}');
INSERT IGNORE INTO `availability_zone` (`name`, `description`, `enabled`, `availability_zone_profile_id`) VALUES ('00000000-0000-0000-0000-000000000000', 'placeholder for deleted load balancers', 0, '00000000-0000-0000-0000-000000000000');
INSERT IGNORE INTO `client_authentication_mode` (`name`) VALUES ('MANDATORY');
INSERT IGNORE INTO `client_authentication_mode` (`name`) VALUES ('NONE');
INSERT IGNORE INTO `client_authentication_mode` (`name`) VALUES ('OPTIONAL');
INSERT IGNORE INTO `flavor_profile` (`id`, `name`, `provider_name`, `flavor_data`) VALUES ('00000000-0000-0000-0000-000000000000', 'DELETED-PLACEHOLDER', 'DELETED', '{}');
INSERT IGNORE INTO `flavor` (`id`, `name`, `description`, `enabled`, `flavor_profile_id`) VALUES ('00000000-0000-0000-0000-000000000000', 'DELETED-PLACEHOLDER', 'placeholder for deleted load balancers', 0, '00000000-0000-0000-0000-000000000000');
INSERT IGNORE INTO `health_monitor_type` (`name`, `description`) VALUES ('HTTP', NULL);
INSERT IGNORE INTO `health_monitor_type` (`name`, `description`) VALUES ('HTTPS', NULL);
INSERT IGNORE INTO `health_monitor_type` (`name`, `description`) VALUES ('PING', NULL);
INSERT IGNORE INTO `health_monitor_type` (`name`, `description`) VALUES ('SCTP', NULL);
INSERT IGNORE INTO `health_monitor_type` (`name`, `description`) VALUES ('TCP', NULL);
INSERT IGNORE INTO `health_monitor_type` (`name`, `description`) VALUES ('TLS-HELLO', NULL);
INSERT IGNORE INTO `health_monitor_type` (`name`, `description`) VALUES ('UDP-CONNECT', NULL);
INSERT IGNORE INTO `l7policy_action` (`name`, `description`) VALUES ('REDIRECT_PREFIX', NULL);
INSERT IGNORE INTO `l7policy_action` (`name`, `description`) VALUES ('REDIRECT_TO_POOL', NULL);
INSERT IGNORE INTO `l7policy_action` (`name`, `description`) VALUES ('REDIRECT_TO_URL', NULL);
INSERT IGNORE INTO `l7policy_action` (`name`, `description`) VALUES ('REJECT', NULL);
INSERT IGNORE INTO `l7rule_compare_type` (`name`, `description`) VALUES ('CONTAINS', NULL);
INSERT IGNORE INTO `l7rule_compare_type` (`name`, `description`) VALUES ('ENDS_WITH', NULL);
INSERT IGNORE INTO `l7rule_compare_type` (`name`, `description`) VALUES ('EQUAL_TO', NULL);
INSERT IGNORE INTO `l7rule_compare_type` (`name`, `description`) VALUES ('REGEX', NULL);
INSERT IGNORE INTO `l7rule_compare_type` (`name`, `description`) VALUES ('STARTS_WITH', NULL);
INSERT IGNORE INTO `l7rule_type` (`name`, `description`) VALUES ('COOKIE', NULL);
INSERT IGNORE INTO `l7rule_type` (`name`, `description`) VALUES ('FILE_TYPE', NULL);
INSERT IGNORE INTO `l7rule_type` (`name`, `description`) VALUES ('HEADER', NULL);
INSERT IGNORE INTO `l7rule_type` (`name`, `description`) VALUES ('HOST_NAME', NULL);
INSERT IGNORE INTO `l7rule_type` (`name`, `description`) VALUES ('PATH', NULL);
INSERT IGNORE INTO `l7rule_type` (`name`, `description`) VALUES ('SSL_CONN_HAS_CERT', NULL);
INSERT IGNORE INTO `l7rule_type` (`name`, `description`) VALUES ('SSL_DN_FIELD', NULL);
INSERT IGNORE INTO `l7rule_type` (`name`, `description`) VALUES ('SSL_VERIFY_RESULT', NULL);
INSERT IGNORE INTO `lb_topology` (`name`, `description`) VALUES ('ACTIVE_STANDBY', NULL);
INSERT IGNORE INTO `lb_topology` (`name`, `description`) VALUES ('SINGLE', NULL);
INSERT IGNORE INTO `operating_status` (`name`, `description`) VALUES ('DEGRADED', NULL);
INSERT IGNORE INTO `operating_status` (`name`, `description`) VALUES ('DRAINING', NULL);
INSERT IGNORE INTO `operating_status` (`name`, `description`) VALUES ('ERROR', NULL);
INSERT IGNORE INTO `operating_status` (`name`, `description`) VALUES ('NO_MONITOR', NULL);
INSERT IGNORE INTO `operating_status` (`name`, `description`) VALUES ('OFFLINE', NULL);
INSERT IGNORE INTO `operating_status` (`name`, `description`) VALUES ('ONLINE', NULL);
INSERT IGNORE INTO `protocol` (`name`, `description`) VALUES ('HTTP', NULL);
INSERT IGNORE INTO `protocol` (`name`, `description`) VALUES ('HTTPS', NULL);
INSERT IGNORE INTO `protocol` (`name`, `description`) VALUES ('PROMETHEUS', NULL);
INSERT IGNORE INTO `protocol` (`name`, `description`) VALUES ('PROXY', NULL);
INSERT IGNORE INTO `protocol` (`name`, `description`) VALUES ('PROXYV2', NULL);
INSERT IGNORE INTO `protocol` (`name`, `description`) VALUES ('SCTP', NULL);
INSERT IGNORE INTO `protocol` (`name`, `description`) VALUES ('TCP', NULL);
INSERT IGNORE INTO `protocol` (`name`, `description`) VALUES ('TERMINATED_HTTPS', NULL);
INSERT IGNORE INTO `protocol` (`name`, `description`) VALUES ('UDP', NULL);
INSERT IGNORE INTO `provisioning_status` (`name`, `description`) VALUES ('ACTIVE', NULL);
INSERT IGNORE INTO `provisioning_status` (`name`, `description`) VALUES ('ALLOCATED', NULL);
INSERT IGNORE INTO `provisioning_status` (`name`, `description`) VALUES ('BOOTING', NULL);
INSERT IGNORE INTO `provisioning_status` (`name`, `description`) VALUES ('DELETED', NULL);
INSERT IGNORE INTO `provisioning_status` (`name`, `description`) VALUES ('ERROR', NULL);
INSERT IGNORE INTO `provisioning_status` (`name`, `description`) VALUES ('FAILOVER_STOPPED', NULL);
INSERT IGNORE INTO `provisioning_status` (`name`, `description`) VALUES ('PENDING_CREATE', NULL);
INSERT IGNORE INTO `provisioning_status` (`name`, `description`) VALUES ('PENDING_DELETE', NULL);
INSERT IGNORE INTO `provisioning_status` (`name`, `description`) VALUES ('PENDING_UPDATE', NULL);
INSERT IGNORE INTO `provisioning_status` (`name`, `description`) VALUES ('READY', NULL);
INSERT IGNORE INTO `session_persistence_type` (`name`, `description`) VALUES ('APP_COOKIE', NULL);
INSERT IGNORE INTO `session_persistence_type` (`name`, `description`) VALUES ('HTTP_COOKIE', NULL);
INSERT IGNORE INTO `session_persistence_type` (`name`, `description`) VALUES ('SOURCE_IP', NULL);
INSERT INTO `spares_pool` (`updated_at`) SELECT CURRENT_TIMESTAMP FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM `spares_pool`);
INSERT IGNORE INTO `vrrp_auth_method` (`name`, `description`) VALUES ('AH', NULL);
INSERT IGNORE INTO `vrrp_auth_method` (`name`, `description`) VALUES ('PASS', NULL);
INSERT IGNORE INTO `alembic_version` (`version_num`) VALUES ('fabf4983846b');
