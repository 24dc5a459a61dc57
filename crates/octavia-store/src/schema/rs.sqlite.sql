-- Our own tables, SQLite. No foreign key points out of them: upstream, run on the same database,
-- must be able to purge its rows.

CREATE TABLE IF NOT EXISTS "rs_schema" (
  "version" INTEGER NOT NULL,
  PRIMARY KEY ("version")
);

CREATE TABLE IF NOT EXISTS "rs_reconciliation" (
  "load_balancer_id" VARCHAR(36) NOT NULL,
  "wanted" BIGINT NOT NULL,
  "done" BIGINT NOT NULL,
  "pending_since" DATETIME,
  "attempts" INTEGER NOT NULL,
  "look_at" DATETIME,
  "looks_asked" BIGINT NOT NULL,
  "looks_taken" BIGINT NOT NULL,
  "cause" VARCHAR(1000),
  "failover" BOOLEAN NOT NULL,
  "unwanted_amphorae" VARCHAR(1000) NOT NULL,
  "cascade_delete" BOOLEAN NOT NULL,
  "deleting" BOOLEAN NOT NULL,
  "lease_owner" VARCHAR(255),
  "lease_token" BIGINT NOT NULL,
  "lease_expires_at" DATETIME,
  PRIMARY KEY ("load_balancer_id")
);

CREATE INDEX IF NOT EXISTS "ix_rs_reconciliation_look_at" ON "rs_reconciliation" ("look_at");
CREATE INDEX IF NOT EXISTS "ix_rs_reconciliation_lease" ON "rs_reconciliation" ("lease_owner", "lease_expires_at");

CREATE TABLE IF NOT EXISTS "rs_events" (
  "sequence" INTEGER PRIMARY KEY AUTOINCREMENT,
  "load_balancer_id" VARCHAR(36) NOT NULL,
  "at" DATETIME NOT NULL,
  "kind" VARCHAR(16) NOT NULL,
  "message" VARCHAR(1000) NOT NULL
);

CREATE INDEX IF NOT EXISTS "ix_rs_events_load_balancer_id" ON "rs_events" ("load_balancer_id", "sequence");
CREATE INDEX IF NOT EXISTS "ix_rs_events_at" ON "rs_events" ("at");

CREATE TABLE IF NOT EXISTS "rs_idempotency_keys" (
  "id" VARCHAR(64) NOT NULL,
  "request" VARCHAR(64) NOT NULL,
  "owner" VARCHAR(36) NOT NULL,
  "claimed_until" DATETIME NOT NULL,
  "created_at" DATETIME NOT NULL,
  "status" INTEGER,
  "answer" TEXT,
  PRIMARY KEY ("id")
);

CREATE INDEX IF NOT EXISTS "ix_rs_idempotency_keys_created_at" ON "rs_idempotency_keys" ("created_at");
