-- What goes on around one session, asked by another one while it works. Takes no lock on a relation.

-- blockers --
-- For whom it waits; 0 is a prepared transaction. Columns as `backends` of live.sql has them.
select b.pid, a.usename::text, coalesce(a.application_name, ''), coalesce(host(a.client_addr), a.client_hostname),
       a.state, extract(epoch from clock_timestamp() - a.xact_start)::float8,
       extract(epoch from clock_timestamp() - a.state_change)::float8,
       left(a.query, 4000), coalesce(a.backend_type, ''), a.backend_xmin is not null or a.backend_xid is not null,
       false, coalesce(a.query = '<insufficient privilege>' or coalesce(a.state, '') = 'disabled', true)
from unnest(pg_blocking_pids(%s)) b (pid)
left join pg_stat_activity a on a.pid = b.pid
order by a.xact_start nulls last, b.pid

-- behind --
-- Who waits for it, or stands behind it in a queue, and for how long.
with waiter as materialized (
    select l.pid, max(extract(epoch from clock_timestamp() - l.waitstart)::float8) as waited
    from pg_locks l where not l.granted and l.pid <> %s group by l.pid)
select w.pid, coalesce(w.waited, 0.0) from waiter w where %s = any (pg_blocking_pids(w.pid)) order by 2 desc

-- readers --
-- Who has any of some relations on a standby, in one round trip that leaves no setting behind. There only the process
-- that replays takes ACCESS EXCLUSIVE, and it is no reader. Columns as `backends` of live.sql has them.
begin transaction read only;
set local statement_timeout = '2s';
with reader as materialized (
    select distinct l.pid from pg_locks l
    where l.locktype = 'relation' and l.database = (select oid from pg_database where datname = current_database())
      and l.relation = any ({}::oid[]) and l.mode <> 'AccessExclusiveLock')
select r.pid, a.usename::text, coalesce(a.application_name, ''), coalesce(host(a.client_addr), a.client_hostname),
       a.state, extract(epoch from clock_timestamp() - a.xact_start)::float8,
       extract(epoch from clock_timestamp() - a.state_change)::float8,
       left(a.query, 4000), coalesce(a.backend_type, ''), a.backend_xmin is not null or a.backend_xid is not null,
       false, coalesce(a.query = '<insufficient privilege>' or coalesce(a.state, '') = 'disabled', true)
from reader r left join pg_stat_activity a on a.pid = r.pid
order by a.xact_start nulls last, r.pid;
rollback

-- send --
-- The log is sent as far as it is flushed, and a commit flushes all of it. One that has written nothing does not, and
-- an empty message is the least; `local` waits for no standby.
begin transaction read write;
set local synchronous_commit = local;
select pg_logical_emit_message(true, 'migsafe', '');
commit

-- building --
-- Phases: manual of PostgreSQL 18, 27.4.2 "CREATE INDEX Progress Reporting". REINDEX is there too.
select phase, lockers_total, lockers_done, blocks_total, blocks_done, tuples_total, tuples_done
from pg_stat_progress_create_index where pid = %s
