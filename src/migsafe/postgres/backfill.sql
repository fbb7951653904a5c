-- What a backfill asks of the server. Nothing here takes a lock on a user's relation. Postgres 15 and newer.

-- table --
-- A table by its name as a session would find it.
select c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, c.reltuples::float8,
       c.relpages::bigint * current_setting('block_size')::bigint,
       c.relrowsecurity and (c.relforcerowsecurity or not pg_has_role(c.relowner, 'usage'))
         and not (select rolsuper or rolbypassrls from pg_roles where rolname = current_user),
       has_table_privilege(c.oid, 'select') or has_any_column_privilege(c.oid, 'select'),
       has_table_privilege(c.oid, 'update') or has_any_column_privilege(c.oid, 'update')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = to_regclass(%s) and c.relkind in ('r', 'p')

-- leaves --
-- The partitions that hold rows, in the order of their tree; of a table without partitions itself.
select c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, c.reltuples::float8,
       c.relpages::bigint * current_setting('block_size')::bigint
from pg_partition_tree(%s::oid::regclass) with ordinality as leaf (relid, parent, is_leaf, level, place)
join pg_class c on c.oid = leaf.relid join pg_namespace n on n.oid = c.relnamespace
where leaf.is_leaf order by leaf.place

-- key_columns --
select a.attname::text, format_type(a.atttypid, -1), a.attnotnull
from unnest(%s::text[]) with ordinality as wanted (name, place)
join pg_attribute a on a.attrelid = %s::oid and a.attname = wanted.name and a.attnum > 0 and not a.attisdropped
order by wanted.place

-- has_unique_index --
-- One in whose order a key can be read: of exactly these columns, in this order.
select exists (
  select from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
  where i.indrelid = %s::oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
    and m.amname = 'btree'
    and %s::text[] = (
      select array_agg(a.attname::text order by k.place)
      from unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
      where k.place <= i.indnkeyatts))

-- row_triggers --
-- Those of users that a written row would fire; those that migsafe made for a change know a backfill.
select t.tgname::text, p.proname::text
from pg_trigger t join pg_proc p on p.oid = t.tgfoid
where t.tgrelid = %s::oid and not t.tgisinternal and t.tgenabled in ('O', 'A') and t.tgtype & 1 = 1
  and t.tgtype & %s::int <> 0 and t.tgname not like '%%migsafe\_%%'
order by 1

-- published_by --
select p.pubname::text from pg_publication p
where p.puballtables
   or exists (select from pg_publication_tables x where x.pubname = p.pubname and x.schemaname = %s and x.tablename = %s)
order by 1

-- wal_place --
-- Where the primary writes, as bytes from the beginning of time; NULL on a standby.
select case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint end

-- replayed --
-- Where a standby has come to; NULL on a server that is none.
select case when pg_is_in_recovery() then pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint end

-- standbys --
-- What the primary knows of them; what this role may not see is NULL. Base backups and logical subscribers wait for
-- nobody: what a subscriber holds back, its slot tells.
select coalesce(nullif(s.application_name, ''), host(s.client_addr), 'process ' || s.pid)::text,
       pg_wal_lsn_diff(s.replay_lsn, '0/0')::bigint
from pg_stat_replication s
where coalesce(s.state, '') not in ('backup', 'startup')
  and not exists (select from pg_replication_slots o where o.active_pid = s.pid and o.slot_type = 'logical')
order by s.pid

-- queue --
-- Who waits for the tables themselves; a wait for a row ends with the batch.
select l.pid, l.mode, extract(epoch from clock_timestamp() - l.waitstart)::float8
from pg_locks l
where l.locktype = 'relation' and not l.granted and l.relation = any(%s::oid[]) and l.pid <> all(%s::int[])
  and l.database = (select oid from pg_database where datname = current_database())
order by l.waitstart limit 1

-- oldest_transaction --
select a.pid, a.usename::text, extract(epoch from clock_timestamp() - a.xact_start)::float8, left(a.query, 200)
from pg_stat_activity a
where a.datname = current_database() and a.xact_start is not null and a.backend_type = 'client backend'
  and (a.backend_xmin is not null or a.backend_xid is not null) and a.pid <> pg_backend_pid() and a.pid <> all(%s::int[])
order by a.xact_start limit 1

-- vacuums --
-- Its query says what kind it is: `autovacuum: VACUUM public.t (to prevent wraparound)`.
select v.pid, a.query like '%%(to prevent wraparound)', a.backend_type = 'autovacuum worker'
from pg_stat_progress_vacuum v left join pg_stat_activity a on a.pid = v.pid
where v.relid = any(%s::oid[]) and v.datname = current_database()
order by v.pid

-- slots --
select s.slot_name::text, s.active, s.wal_status::text,
       pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
                       s.restart_lsn)::bigint,
       (select setting::bigint * 1024 * 1024 from pg_settings where name = 'max_slot_wal_keep_size')
from pg_replication_slots s where not s.temporary and s.restart_lsn is not null
order by s.slot_name

-- dead_rows --
-- Dead rows of each table, and at how many autovacuum comes for them; it counts rows by `reltuples`, as it was when it was
-- last there, and so does this: the live rows of the statistics are 0 in a copy and after a crash.
-- (Manual of PostgreSQL 18, 24.1.6 "The Autovacuum Daemon"; the upper limit is of 18.)
select c.relname::text, greatest(c.reltuples, s.n_live_tup, 0)::float8, coalesce(s.n_dead_tup, 0)::bigint,
       least(
         coalesce(o.base, current_setting('autovacuum_vacuum_threshold')::float8)
           + coalesce(o.scale, current_setting('autovacuum_vacuum_scale_factor')::float8) * greatest(c.reltuples, 0),
         nullif(coalesce(o.most, current_setting('autovacuum_vacuum_max_threshold', true)::float8), -1))::float8,
       current_setting('autovacuum')::bool and current_setting('track_counts')::bool and coalesce(o.comes, true)
from pg_class c
left join pg_stat_all_tables s on s.relid = c.oid
cross join lateral (
  select max(option_value::float8) filter (where option_name = 'autovacuum_vacuum_threshold'),
         max(option_value::float8) filter (where option_name = 'autovacuum_vacuum_scale_factor'),
         max(option_value::float8) filter (where option_name = 'autovacuum_vacuum_max_threshold'),
         bool_and(option_value::bool) filter (where option_name = 'autovacuum_enabled')
  from pg_options_to_table(c.reloptions)
  where option_name like 'autovacuum%%'
) as o (base, scale, most, comes)
where c.oid = any(%s::oid[]) and c.relkind = 'r'
order by 3 desc
