-- What shadow/ watches while a statement runs. None of these takes a lock on a user's relation.

-- relations --
-- Every relation that a statement can work on, with what tells whether it did.
select c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, c.relfilenode::bigint,
       coalesce(x.indrelid, 0)::bigint
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_index x on x.indexrelid = c.oid
where c.relkind in ('r', 'p', 'f', 'v', 'm', 'i', 'I')
  and n.nspname !~ '^pg_(toast|catalog)' and n.nspname <> 'information_schema'

-- scans_in_transaction --
-- Sequential scans by the transaction that asks.
select relid::bigint, seq_scan from pg_stat_xact_all_tables where seq_scan > 0

-- scans --
-- Sequential scans since the server began, of sessions that have reported them.
select relid::bigint, seq_scan from pg_stat_all_tables where seq_scan > 0

-- report_scans --
select pg_stat_force_next_flush() is null

-- sizes --
-- Bytes of the main file; takes ACCESS SHARE on each relation, so ask when locks have been read already.
select c.oid::bigint, pg_relation_size(c.oid) from pg_class c where c.oid = any(%s::oid[]) and c.relkind in ('r', 'm')

-- locks --
-- Locks on relations that a backend has or waits for, and its wait for other transactions (relation 0).
select coalesce(relation, 0)::bigint, mode, granted
from pg_locks
where pid = %s
  and (locktype = 'relation' and database = (select oid from pg_database where datname = current_database())
       or locktype in ('virtualxid', 'transactionid') and not granted)

-- blockers --
select pg_blocking_pids(%s)

-- relation_lines --
-- The same as `relations`, as one text with a JSON array per line: most lines are those of the look before, and need
-- not be read again.
select coalesce(string_agg(
    json_build_array(c.oid::bigint, n.nspname, c.relname, c.relkind, c.relfilenode::bigint,
                     coalesce(x.indrelid, 0)::bigint)::text, E'\n'), '')
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_index x on x.indexrelid = c.oid
where c.relkind in ('r', 'p', 'f', 'v', 'm', 'i', 'I')
  and n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema') and n.nspname !~ '^pg_toast'

-- own_scans --
-- Sequential scans of user tables by the transaction that asks; the view of all statistics costs ten times as much.
select c.oid::bigint, pg_stat_get_xact_numscans(c.oid)
from pg_class c
where c.relkind in ('r', 'm') and c.oid >= 16384 and pg_stat_get_xact_numscans(c.oid) > 0

-- own_locks --
-- Locks on relations of this database that the transaction that asks has.
select relation::bigint, mode from pg_locks
where pid = pg_backend_pid() and locktype = 'relation' and granted and mode <> 'SIReadLock'
  and database = (select oid from pg_database where datname = current_database())

-- invalid_indexes --
-- Indexes with rows of their own that no query uses, because the statement that built them did not end.
select n.nspname::text, c.relname::text
from pg_index x join pg_class c on c.oid = x.indexrelid join pg_namespace n on n.oid = c.relnamespace
where not x.indisvalid and c.relkind = 'i'
