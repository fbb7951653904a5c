-- migsafe: phase=expand
-- Postgres and SQLite both. A blank line ends a statement. Columns and tables are only ever added here.
CREATE TABLE migsafe_meta (
  k VARCHAR(64) PRIMARY KEY,
  v TEXT NOT NULL
);

CREATE TABLE migsafe_environment (
  env VARCHAR(64) PRIMARY KEY,
  protected BOOLEAN NOT NULL,
  rollback_to VARCHAR(128)
);

CREATE TABLE migsafe_target (
  env VARCHAR(64) NOT NULL REFERENCES migsafe_environment (env),
  target VARCHAR(128) NOT NULL,
  dialect VARCHAR(32) NOT NULL,
  identity VARCHAR(255),
  nodes TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (env, target)
);

CREATE TABLE migsafe_release (
  release_id VARCHAR(128) PRIMARY KEY,
  seq INTEGER,
  day DATE
);

CREATE TABLE migsafe_rollout (
  env VARCHAR(64) NOT NULL REFERENCES migsafe_environment (env),
  release_id VARCHAR(128) NOT NULL REFERENCES migsafe_release (release_id),
  status VARCHAR(16) NOT NULL
    CHECK (status IN ('planned', 'expanding', 'rolling', 'deployed', 'draining', 'retired', 'rolled_back')),
  percent INTEGER CHECK (percent BETWEEN 0 AND 100),
  full_at TIMESTAMPTZ,
  retired_at TIMESTAMPTZ,
  changed_at TIMESTAMPTZ,
  source VARCHAR(64),
  PRIMARY KEY (env, release_id)
);

CREATE TABLE migsafe_change (
  change_id VARCHAR(160) PRIMARY KEY,
  kind VARCHAR(48),
  owner VARCHAR(128),
  objects TEXT NOT NULL DEFAULT '[]',
  introduced_in VARCHAR(128),
  due DATE,
  due_release VARCHAR(128),
  state VARCHAR(16) NOT NULL CHECK (state IN ('open', 'closed'))
);

CREATE TABLE migsafe_step (
  step_id VARCHAR(40) PRIMARY KEY,
  migration VARCHAR(255),
  name VARCHAR(160),
  change_id VARCHAR(160),
  phase VARCHAR(12) CHECK (phase IN ('expand', 'migrate', 'contract')),
  part VARCHAR(12) CHECK (part IN ('quarantine', 'purge')),
  release_id VARCHAR(128),
  CHECK (migration IS NOT NULL OR name IS NOT NULL)
);

CREATE INDEX migsafe_step_migration ON migsafe_step (migration);

CREATE TABLE migsafe_run (
  run_id VARCHAR(40) PRIMARY KEY,
  step_id VARCHAR(40) NOT NULL REFERENCES migsafe_step (step_id),
  env VARCHAR(64) NOT NULL,
  target VARCHAR(128) NOT NULL,
  attempt INTEGER NOT NULL,
  status VARCHAR(12) NOT NULL
    CHECK (status IN ('pending', 'running', 'done', 'failed', 'partial', 'reverted', 'skipped', 'quarantined', 'purged')),
  at TIMESTAMPTZ,
  checksum VARCHAR(96),
  source VARCHAR(32) NOT NULL,
  actor VARCHAR(255) NOT NULL,
  host VARCHAR(255) NOT NULL,
  tool_version VARCHAR(32) NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL,
  reason TEXT,
  UNIQUE (step_id, env, target, attempt),
  FOREIGN KEY (env, target) REFERENCES migsafe_target (env, target)
);

CREATE TABLE migsafe_check (
  check_id INTEGER PRIMARY KEY,
  change_id VARCHAR(160) NOT NULL,
  name VARCHAR(255) NOT NULL,
  env VARCHAR(64) NOT NULL,
  target VARCHAR(128) NOT NULL,
  ok BOOLEAN NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  observed TEXT,
  FOREIGN KEY (env, target) REFERENCES migsafe_target (env, target)
);

CREATE INDEX migsafe_check_change ON migsafe_check (change_id);

CREATE TABLE migsafe_statistic (
  statistic_id INTEGER PRIMARY KEY,
  object VARCHAR(255) NOT NULL,
  env VARCHAR(64) NOT NULL,
  target VARCHAR(128) NOT NULL,
  since_at TIMESTAMPTZ NOT NULL,
  until_at TIMESTAMPTZ NOT NULL,
  known_use VARCHAR(16) NOT NULL,
  calls BIGINT,
  readings TEXT NOT NULL,
  UNIQUE (object, env, target, since_at, until_at),
  FOREIGN KEY (env, target) REFERENCES migsafe_target (env, target)
);

CREATE TABLE migsafe_compat (
  env VARCHAR(64) NOT NULL,
  target VARCHAR(128) NOT NULL,
  floor VARCHAR(128),
  ceiling VARCHAR(128),
  doubt TEXT,
  PRIMARY KEY (env, target),
  FOREIGN KEY (env, target) REFERENCES migsafe_target (env, target)
);

CREATE TABLE migsafe_event (
  seq INTEGER PRIMARY KEY,
  at TIMESTAMPTZ NOT NULL,
  actor VARCHAR(255) NOT NULL,
  db_role VARCHAR(128) NOT NULL,
  kind VARCHAR(32) NOT NULL,
  subject VARCHAR(512) NOT NULL,
  env VARCHAR(64),
  detail TEXT NOT NULL,
  prev_sha VARCHAR(64) NOT NULL,
  sha VARCHAR(64) NOT NULL
);
