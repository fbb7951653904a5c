-- What goes on in a server now, for people who are about to change it. Nothing here takes a lock on a user's relation,
-- and everything may be asked on a standby. Postgres 15 and newer.

-- server --
-- max_slot_wal_keep_size is in megabytes, -1 without a limit (manual, 20.6.1).
select current_database()::text, current_user::text, current_setting('server_version_num')::int,
       pg_is_in_recovery(), pg_backend_pid(),
       current_setting('max_locks_per_transaction')::bigint
         * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint),
       current_setting('max_locks_per_transaction')::bigint,
       (select count(*) from pg_locks where not fastpath and pid is distinct from pg_backend_pid()),
       (select setting::bigint from pg_settings where name = 'max_slot_wal_keep_size'),
       (select setting::bigint from pg_settings where name = 'deadlock_timeout')

-- role --
select r.rolsuper, r.rolsuper or r.rolbypassrls, pg_has_role('pg_read_all_stats', 'usage'),
       has_database_privilege(current_database(), 'create')
from pg_roles r where r.rolname = current_user

-- may_read_identity --
select has_function_privilege('pg_control_system()', 'execute')

-- identity --
select system_identifier::text from pg_control_system()

-- backends --
-- Sessions of this database. `track_activities = off` hides a session as well as a missing privilege does.
select a.pid, a.usename::text, coalesce(a.application_name, ''), coalesce(host(a.client_addr), a.client_hostname),
       a.state, extract(epoch from clock_timestamp() - a.xact_start)::float8,
       extract(epoch from clock_timestamp() - a.state_change)::float8,
       left(a.query, 4000), coalesce(a.backend_type, ''), a.backend_xmin is not null or a.backend_xid is not null,
       v.pid is not null, a.query = '<insufficient privilege>' or coalesce(a.state, '') = 'disabled'
from pg_stat_activity a
left join pg_stat_progress_vacuum v on v.pid = a.pid
where a.datname = current_database() and a.pid <> pg_backend_pid()
order by a.xact_start nulls last, a.pid

-- locks --
-- Locks on relations: all of those on some, or with none named, those that somebody waits for on any.
-- A prepared transaction has no process any more; its lock on its own number tells which one it is.
with lock as materialized (select * from pg_locks)
select l.relation::bigint, n.nspname::text, c.relname::text, l.pid, p.gid::text, l.mode, l.granted,
       extract(epoch from clock_timestamp() - l.waitstart)::float8,
       case when l.granted then '{}'::int[] else pg_blocking_pids(l.pid) end
from lock l
join pg_class c on c.oid = l.relation
join pg_namespace n on n.oid = c.relnamespace
left join lock own on l.pid is null and own.pid is null and own.locktype = 'transactionid' and own.mode = 'ExclusiveLock'
                      and own.virtualtransaction = l.virtualtransaction
left join pg_prepared_xacts p on p.transaction = own.transactionid
where l.locktype = 'relation' and l.database = (select oid from pg_database where datname = current_database())
  and l.pid is distinct from pg_backend_pid() and l.mode <> 'SIReadLock'
  and case when %s then l.relation = any(%s::oid[]) else not l.granted and c.oid >= 16384 end
order by l.granted desc, l.waitstart nulls first, l.pid

-- prepared --
select gid::text, owner::text, extract(epoch from clock_timestamp() - prepared)::float8
from pg_prepared_xacts where database = current_database() order by prepared

-- slots --
select slot_name::text, slot_type::text, plugin::text, database::text, active, active_pid, wal_status::text,
       pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
                       restart_lsn)::bigint
from pg_replication_slots where not temporary order by slot_name

-- senders --
-- What others may not see is NULL. `replay_lag` is NULL, too, where a standby has caught up and nothing happens.
select s.pid, s.application_name::text, coalesce(host(s.client_addr), s.client_hostname), s.state::text,
       extract(epoch from s.replay_lag)::float8,
       case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), s.replay_lsn)::bigint end,
       exists (select from pg_replication_slots o where o.active_pid = s.pid and o.slot_type = 'logical')
from pg_stat_replication s order by s.pid

-- publications --
-- What is published, as far as it concerns some tables: (name, whether of all tables, those of the tables).
select p.pubname::text, p.puballtables,
       case when p.puballtables then '{}'::bigint[] else coalesce((
          select array_agg(c.oid::bigint) from pg_publication_tables t
          join pg_namespace n on n.nspname = t.schemaname
          join pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
          where t.pubname = p.pubname and c.oid = any(%s::oid[])), '{}') end
from pg_publication p order by 1

-- subscriptions --
select s.subname::text, s.subenabled,
       coalesce((select array_agg(r.srrelid::bigint) from pg_subscription_rel r
                 where r.srsubid = s.oid and r.srrelid = any(%s::oid[])), '{}')
from pg_subscription s
where s.subdbid = (select oid from pg_database where datname = current_database()) order by 1

-- relations --
-- `pages` and not a size that is measured: that would wait for whoever has the table's lock.
select n.nspname::text, c.relname::text, c.oid::bigint, c.relkind::text, pg_get_userbyid(c.relowner)::text,
       pg_has_role(c.relowner, 'usage'), c.relrowsecurity, c.relforcerowsecurity,
       c.relpages::bigint * current_setting('block_size')::bigint,
       (select count(*) from pg_index x where x.indrelid = c.oid) + case when c.reltoastrelid = 0 then 0 else 2 end,
       c.relispartition
from unnest(%s::text[], %s::text[]) w (schema, name)
join pg_namespace n on n.nspname = w.schema
join pg_class c on c.relnamespace = n.oid and c.relname = w.name
where c.relkind in ('r', 'p', 'f', 'v', 'm')
order by 1, 2

-- forced_policies --
-- Tables whose policies bind the role that asks, its own ones too (FORCE).
select n.nspname::text, c.relname::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relrowsecurity and c.relforcerowsecurity and c.relkind in ('r', 'p') order by 1, 2

-- schemas --
select n.nspname::text, has_schema_privilege(n.oid, 'create') from pg_namespace n where n.nspname = any(%s::text[])

-- invalid_indexes --
-- Without partitioned ones, which are invalid until each partition has theirs, and those that are being built.
select n.nspname::text, c.relname::text, t.relname::text, t.oid::bigint, x.indisready
from pg_index x
join pg_class c on c.oid = x.indexrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_class t on t.oid = x.indrelid
where not x.indisvalid and c.relkind = 'i' and n.nspname !~ '^pg_toast'
  and not exists (select from pg_stat_progress_create_index b where b.index_relid = x.indexrelid)
  and case when %s then t.oid = any(%s::oid[]) else true end
order by 1, 2

-- detaching --
select pn.nspname::text, p.relname::text, p.oid::bigint, n.nspname::text, c.relname::text, c.oid::bigint
from pg_inherits h
join pg_class p on p.oid = h.inhparent join pg_namespace pn on pn.oid = p.relnamespace
join pg_class c on c.oid = h.inhrelid join pg_namespace n on n.oid = c.relnamespace
where h.inhdetachpending
  and case when %s then h.inhparent = any(%s::oid[]) or h.inhrelid = any(%s::oid[]) else true end
order by 1, 2, 4, 5
