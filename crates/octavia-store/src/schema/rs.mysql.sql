-- Our own tables, MySQL/MariaDB. No foreign key points out of them: upstream, run on the same
-- database, must be able to purge its rows. Ids are ASCII, so that they compare with upstream's
-- columns whatever collation those have.

CREATE TABLE IF NOT EXISTS `rs_schema` (
  `version` INT NOT NULL,
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS `rs_reconciliation` (
  `load_balancer_id` VARCHAR(36) CHARACTER SET ascii NOT NULL,
  `wanted` BIGINT NOT NULL,
  `done` BIGINT NOT NULL,
  `pending_since` DATETIME(6),
  `attempts` INT NOT NULL,
  `look_at` DATETIME(6),
  `looks_asked` BIGINT NOT NULL,
  `looks_taken` BIGINT NOT NULL,
  `cause` VARCHAR(1000),
  `failover` TINYINT(1) NOT NULL,
  `unwanted_amphorae` VARCHAR(1000) CHARACTER SET ascii NOT NULL,
  `cascade_delete` TINYINT(1) NOT NULL,
  `deleting` TINYINT(1) NOT NULL,
  `lease_owner` VARCHAR(255),
  `lease_token` BIGINT NOT NULL,
  `lease_expires_at` DATETIME(6),
  PRIMARY KEY (`load_balancer_id`),
  KEY `ix_rs_reconciliation_look_at` (`look_at`),
  KEY `ix_rs_reconciliation_lease` (`lease_owner`, `lease_expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS `rs_events` (
  `sequence` BIGINT NOT NULL AUTO_INCREMENT,
  `load_balancer_id` VARCHAR(36) CHARACTER SET ascii NOT NULL,
  `at` DATETIME(6) NOT NULL,
  `kind` VARCHAR(16) CHARACTER SET ascii NOT NULL,
  `message` VARCHAR(1000) NOT NULL,
  PRIMARY KEY (`sequence`),
  KEY `ix_rs_events_load_balancer_id` (`load_balancer_id`, `sequence`),
  KEY `ix_rs_events_at` (`at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS `rs_idempotency_keys` (
  `id` VARCHAR(64) CHARACTER SET ascii NOT NULL,
  `request` VARCHAR(64) CHARACTER SET ascii NOT NULL,
  `owner` VARCHAR(36) CHARACTER SET ascii NOT NULL,
  `claimed_until` DATETIME(6) NOT NULL,
  `created_at` DATETIME(6) NOT NULL,
  `status` INT,
  `answer` LONGTEXT,
  PRIMARY KEY (`id`),
  KEY `ix_rs_idempotency_keys_created_at` (`created_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
