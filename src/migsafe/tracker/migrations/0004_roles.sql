-- migsafe: phase=expand
-- As whom the database knew somebody, and from where; neither is said by whoever writes.
ALTER TABLE migsafe_event ADD COLUMN client VARCHAR(64);

ALTER TABLE migsafe_contract ADD COLUMN db_role VARCHAR(128);

ALTER TABLE migsafe_approval ADD COLUMN db_role VARCHAR(128);

ALTER TABLE migsafe_approval ADD COLUMN client VARCHAR(64);
