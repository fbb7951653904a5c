-- Advisory locks of a session. The key is one bigint: pg_locks shows its halves, and 1 for this kind (manual, 54.12).

-- try_lock --
select pg_try_advisory_lock(%s::bigint)

-- unlock --
select pg_advisory_unlock(%s::bigint)

-- holder --
-- What another role does is hidden, its name and application are not.
select l.pid, a.usename::text, coalesce(a.application_name, ''), coalesce(host(a.client_addr), a.client_hostname),
       a.backend_start, a.state, left(a.query, 4000)
from pg_locks l
left join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.mode = 'ExclusiveLock'
  and l.database = (select oid from pg_database where datname = current_database())
  and l.classid = ((%s::bigint >> 32) & 4294967295)::oid and l.objid = (%s::bigint & 4294967295)::oid
limit 1
