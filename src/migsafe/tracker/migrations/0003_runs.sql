-- migsafe: phase=expand
-- What a runner needs: a journal of statements, whose turn it is, how far a backfill has come, and plans that are signed.
ALTER TABLE migsafe_run ADD COLUMN direction VARCHAR(12);

ALTER TABLE migsafe_run ADD COLUMN fence INTEGER;

ALTER TABLE migsafe_run ADD COLUMN plan_id VARCHAR(64);

ALTER TABLE migsafe_run ADD COLUMN error TEXT;

CREATE TABLE migsafe_kept (
  step_id VARCHAR(40) NOT NULL REFERENCES migsafe_step (step_id),
  checksum VARCHAR(96) NOT NULL,
  forward TEXT NOT NULL,
  backward TEXT,
  forward_rule VARCHAR(20) NOT NULL,
  backward_rule VARCHAR(20),
  no_way_back TEXT,
  kept_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (step_id, checksum)
);

CREATE TABLE migsafe_statement (
  run_id VARCHAR(40) NOT NULL REFERENCES migsafe_run (run_id),
  n INTEGER NOT NULL,
  sha VARCHAR(64) NOT NULL,
  status VARCHAR(12) NOT NULL CHECK (status IN ('running', 'done', 'failed', 'skipped')),
  began_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  attempts INTEGER NOT NULL,
  waited_ms INTEGER,
  ran_ms INTEGER,
  xid VARCHAR(20),
  note TEXT,
  PRIMARY KEY (run_id, n)
);

CREATE TABLE migsafe_lease (
  env VARCHAR(64) NOT NULL,
  target VARCHAR(128) NOT NULL,
  fence INTEGER NOT NULL,
  holder VARCHAR(255) NOT NULL,
  host VARCHAR(255) NOT NULL,
  pid INTEGER NOT NULL,
  backend_pid INTEGER,
  purpose VARCHAR(255) NOT NULL,
  taken_at TIMESTAMPTZ NOT NULL,
  heartbeat_at TIMESTAMPTZ NOT NULL,
  released_at TIMESTAMPTZ,
  PRIMARY KEY (env, target),
  FOREIGN KEY (env, target) REFERENCES migsafe_target (env, target)
);

CREATE TABLE migsafe_backfill (
  step_id VARCHAR(40) NOT NULL REFERENCES migsafe_step (step_id),
  env VARCHAR(64) NOT NULL,
  target VARCHAR(128) NOT NULL,
  shard INTEGER NOT NULL,
  low TEXT NOT NULL,
  high TEXT NOT NULL,
  place TEXT,
  rows_seen BIGINT NOT NULL,
  rows_written BIGINT NOT NULL,
  rows_bad BIGINT NOT NULL,
  batches INTEGER NOT NULL,
  batch_rows INTEGER NOT NULL,
  state VARCHAR(12) NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  held_by TEXT,
  worker VARCHAR(255),
  started_at TIMESTAMPTZ NOT NULL,
  heartbeat_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  PRIMARY KEY (step_id, env, target, shard),
  FOREIGN KEY (env, target) REFERENCES migsafe_target (env, target)
);

CREATE TABLE migsafe_bad_row (
  step_id VARCHAR(40) NOT NULL REFERENCES migsafe_step (step_id),
  env VARCHAR(64) NOT NULL,
  target VARCHAR(128) NOT NULL,
  row_key VARCHAR(512) NOT NULL,
  sqlstate VARCHAR(5),
  error TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (step_id, env, target, row_key),
  FOREIGN KEY (env, target) REFERENCES migsafe_target (env, target)
);

CREATE TABLE migsafe_pause (
  env VARCHAR(64) NOT NULL,
  target VARCHAR(128) NOT NULL,
  paused BOOLEAN NOT NULL,
  reason TEXT,
  actor VARCHAR(255) NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (env, target),
  FOREIGN KEY (env, target) REFERENCES migsafe_target (env, target)
);

CREATE TABLE migsafe_contract (
  plan_id VARCHAR(64) PRIMARY KEY,
  change_id VARCHAR(160) NOT NULL,
  env VARCHAR(64) NOT NULL,
  target VARCHAR(128) NOT NULL,
  body TEXT NOT NULL,
  fingerprint VARCHAR(64) NOT NULL,
  approvals_needed INTEGER NOT NULL,
  author VARCHAR(255) NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  FOREIGN KEY (env, target) REFERENCES migsafe_target (env, target)
);

CREATE TABLE migsafe_approval (
  plan_id VARCHAR(64) NOT NULL REFERENCES migsafe_contract (plan_id),
  approver VARCHAR(255) NOT NULL,
  decision VARCHAR(8) NOT NULL CHECK (decision IN ('approve', 'reject')),
  reason TEXT,
  at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (plan_id, approver)
);
