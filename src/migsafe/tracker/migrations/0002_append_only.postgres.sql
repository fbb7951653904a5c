-- migsafe: phase=expand
-- An event stays as it was written, whoever owns the table; only the owner can take this away again.
CREATE FUNCTION migsafe_event_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
'BEGIN RAISE EXCEPTION ''events of the tracker are only ever added''; END';

CREATE TRIGGER migsafe_event_rows BEFORE UPDATE OR DELETE ON migsafe_event
  FOR EACH ROW EXECUTE FUNCTION migsafe_event_stays();

CREATE TRIGGER migsafe_event_all BEFORE TRUNCATE ON migsafe_event
  FOR EACH STATEMENT EXECUTE FUNCTION migsafe_event_stays();
