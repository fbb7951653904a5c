-- Whether a statement has left behind what it says. Reads the system catalogues only, and takes no lock on a relation,
-- but for `spelling`: to spell an expression, the server looks at its table. Postgres 15 and newer. Statements that take a rest away are written by the server, which quotes its own names.

-- relation --
-- A name without a schema is looked for along the search path.
select c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = to_regclass(coalesce(quote_ident(%s::text) || '.', '') || quote_ident(%s::text))

-- indexes --
-- Of tables, or indexes themselves. An option of a key is 1 for DESC and 2 for NULLS FIRST (src/include/catalog/pg_index.h).
select c.oid::bigint, n.nspname::text, c.relname::text, x.indrelid::bigint, tn.nspname::text, t.relname::text,
       x.indisvalid, x.indisready, x.indisunique, x.indnullsnotdistinct, am.amname::text,
       array(select a.attname::text from generate_series(1, x.indnkeyatts) k
               left join pg_attribute a on a.attrelid = x.indrelid and a.attnum = x.indkey[k - 1] order by k),
       array(select x.indoption[k - 1]::int from generate_series(1, x.indnkeyatts) k order by k),
       array(select case when not o.opcdefault then o.opcname::text end from generate_series(1, x.indnkeyatts) k
              join pg_opclass o on o.oid = x.indclass[k - 1] order by k),
       array(select case when l.oid <> coalesce(a.attcollation, 100) then l.collname::text end
               from generate_series(1, x.indnkeyatts) k
               left join pg_attribute a on a.attrelid = x.indrelid and a.attnum = x.indkey[k - 1]
               left join pg_collation l on l.oid = x.indcollation[k - 1] order by k),
       array(select a.attname::text from generate_series(x.indnkeyatts + 1, x.indnatts) k
               join pg_attribute a on a.attrelid = x.indrelid and a.attnum = x.indkey[k - 1] order by k),
       x.indpred is not null,
       format('drop index concurrently %%I.%%I', n.nspname, c.relname)
from pg_index x
join pg_class c on c.oid = x.indexrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_class t on t.oid = x.indrelid
join pg_namespace tn on tn.oid = t.relnamespace
join pg_am am on am.oid = c.relam
where x.indexrelid = any(%s::oid[]) or x.indrelid = any(%s::oid[])
order by 2, 3

-- spelling --
-- The keys of an index and its condition, as the server spells them.
select array(select pg_get_indexdef(x.indexrelid, k, true) from generate_series(1, x.indnkeyatts) k order by k),
       pg_get_expr(x.indpred, x.indrelid, true)
from pg_index x where x.indexrelid = %s

-- workers --
-- Who else may still be at work there: a build, a drop or a rebuild CONCURRENTLY keeps this lock on its table from its
-- first transaction to its last. Autovacuum, which takes it too, has no user.
select l.pid from pg_locks l join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'relation' and l.mode = 'ShareUpdateExclusiveLock' and l.relation = any(%s::oid[])
  and l.database = (select oid from pg_database where datname = current_database())
  and l.pid <> pg_backend_pid() and a.usesysid is not null
order by 1 limit 1

-- detachers --
-- DETACH CONCURRENTLY keeps no lock while it waits between its two transactions; its text is all there is.
select pid from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and state = 'active'
  and query ~* '\mdetach\s+partition\M.*\mconcurrently\M'
order by 1 limit 1

-- rests_of_reindex --
-- Invalid indexes that are called as REINDEX CONCURRENTLY calls its new one and its old one, of the tables that it
-- works on, their partitions and their TOAST tables. With no table named, those of a schema, or of the database.
with recursive below (oid) as (
    select unnest(%s::oid[])
    union
    select h.inhrelid from pg_inherits h join below b on b.oid = h.inhparent
)
select n.nspname::text, c.relname::text, format('drop index concurrently %%I.%%I', n.nspname, c.relname)
from pg_index x
join pg_class c on c.oid = x.indexrelid
join pg_namespace n on n.oid = c.relnamespace
left join pg_class o on o.reltoastrelid = x.indrelid
left join pg_namespace own on own.oid = coalesce(o.relnamespace, c.relnamespace)
where not x.indisvalid and c.relkind = 'i' and c.relname ~ '_cc(new|old)\d*$'
  and case when %s then x.indrelid in (select oid from below) or o.oid in (select oid from below)
           else own.nspname = coalesce(%s::text, own.nspname) end
order by 1, 2

-- tables_under --
-- A table with its partitions and TOAST tables, or the table of an index.
with recursive below (oid) as (
    select coalesce((select indrelid from pg_index where indexrelid = %s::oid), %s::oid)
    union
    select h.inhrelid from pg_inherits h join below b on b.oid = h.inhparent
)
select c.oid::bigint from pg_class c where c.oid in (select oid from below)
union
select c.reltoastrelid::bigint from pg_class c where c.oid in (select oid from below) and c.reltoastrelid <> 0

-- attached --
-- How a partition stands to its table, and the statement that finishes a detachment.
select h.inhdetachpending,
       format('alter table %%I.%%I detach partition %%I.%%I finalize', pn.nspname, p.relname, n.nspname, c.relname)
from pg_inherits h
join pg_class p on p.oid = h.inhparent join pg_namespace pn on pn.oid = p.relnamespace
join pg_class c on c.oid = h.inhrelid join pg_namespace n on n.oid = c.relnamespace
where h.inhparent = %s and h.inhrelid = %s

-- enum_values --
select e.enumlabel::text from pg_type t left join pg_enum e on e.enumtypid = t.oid
where t.oid = to_regtype(coalesce(quote_ident(%s::text) || '.', '') || quote_ident(%s::text)) and t.typtype = 'e'
order by e.enumsortorder

-- databases --
-- A DROP DATABASE that was cut off leaves one that lets nobody in: its limit is -2 (manual, 9.1 pg_database; PG 15.4).
select datconnlimit = -2, format('drop database %%I', datname) from pg_database where datname = %s

-- tablespaces --
select spcname::text from pg_tablespace where spcname = %s

-- subscriptions --
select subname::text from pg_subscription
where subname = %s and subdbid = (select oid from pg_database where datname = current_database())
