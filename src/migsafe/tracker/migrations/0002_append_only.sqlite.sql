-- migsafe: phase=expand
-- An event stays as it was written; only whoever may change the schema can take this away again.
CREATE TRIGGER migsafe_event_changed BEFORE UPDATE ON migsafe_event
BEGIN SELECT RAISE(ABORT, 'events of the tracker are only ever added'); END;

CREATE TRIGGER migsafe_event_deleted BEFORE DELETE ON migsafe_event
BEGIN SELECT RAISE(ABORT, 'events of the tracker are only ever added'); END;
