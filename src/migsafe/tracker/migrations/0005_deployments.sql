-- migsafe: phase=expand
-- What a deploy coordinator needs: its journal, whose turn it is in an environment, and messages that wait to be sent.
CREATE TABLE migsafe_deployment (
  deployment_id VARCHAR(40) PRIMARY KEY,
  n INTEGER NOT NULL,
  env VARCHAR(64) NOT NULL REFERENCES migsafe_environment (env),
  stable VARCHAR(128),
  release_id VARCHAR(128) NOT NULL REFERENCES migsafe_release (release_id),
  strategy VARCHAR(16) NOT NULL,
  provider VARCHAR(32) NOT NULL,
  plan TEXT NOT NULL,
  plan_sha VARCHAR(64) NOT NULL,
  rehearsal BOOLEAN NOT NULL,
  status VARCHAR(16) NOT NULL
    CHECK (status IN ('running', 'paused', 'held', 'drifted', 'aborting', 'aborted', 'done')),
  reason TEXT,
  fence INTEGER NOT NULL,
  actor VARCHAR(255) NOT NULL,
  host VARCHAR(255) NOT NULL,
  began_at TIMESTAMPTZ NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  UNIQUE (env, n)
);

CREATE TABLE migsafe_deployment_step (
  deployment_id VARCHAR(40) NOT NULL REFERENCES migsafe_deployment (deployment_id),
  n INTEGER NOT NULL,
  kind VARCHAR(16) NOT NULL,
  desired TEXT NOT NULL,
  status VARCHAR(12) NOT NULL CHECK (status IN ('planned', 'running', 'done', 'failed', 'skipped')),
  attempts INTEGER NOT NULL,
  began_at TIMESTAMPTZ,
  ended_at TIMESTAMPTZ,
  observed TEXT,
  verdicts TEXT,
  note TEXT,
  PRIMARY KEY (deployment_id, n)
);

CREATE TABLE migsafe_deployment_turn (
  env VARCHAR(64) PRIMARY KEY REFERENCES migsafe_environment (env),
  fence INTEGER NOT NULL,
  holder VARCHAR(255) NOT NULL,
  host VARCHAR(255) NOT NULL,
  pid INTEGER NOT NULL,
  backend_pid INTEGER,
  purpose VARCHAR(255) NOT NULL,
  taken_at TIMESTAMPTZ NOT NULL,
  heartbeat_at TIMESTAMPTZ NOT NULL,
  released_at TIMESTAMPTZ
);

CREATE TABLE migsafe_outbox (
  message_id VARCHAR(40) PRIMARY KEY,
  channel VARCHAR(64) NOT NULL,
  env VARCHAR(64),
  payload TEXT NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  attempts INTEGER NOT NULL,
  next_at TIMESTAMPTZ NOT NULL,
  delivered_at TIMESTAMPTZ,
  given_up_at TIMESTAMPTZ,
  error TEXT
);

CREATE INDEX migsafe_outbox_waiting ON migsafe_outbox (next_at);
