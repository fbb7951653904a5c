-- What is around a column, table or view that is about to go. Nothing here takes a lock on a user's relation; sizes and
-- numbers of rows are those of the last VACUUM or ANALYZE. Postgres 15 and newer.

-- whose --
select current_database()::text, has_function_privilege('pg_catalog.pg_control_system()', 'execute')

-- things --
-- The things that were asked about, by their place in the question.
select w.place::int, c.oid::bigint, c.relkind::text, n.nspname::text, c.relname::text, a.attname::text, a.attnum::int,
       format_type(a.atttypid, a.atttypmod), coalesce(a.attnotnull, false), a.attgenerated <> '',
       pg_get_expr(d.adbin, d.adrelid), nullif(c.reltuples, -1)::bigint,
       c.relpages::bigint * current_setting('block_size')::bigint,
       (select coalesce(sum(i.relpages), 0)::bigint * current_setting('block_size')::bigint
          from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = c.oid),
       (select round((1 - s.null_frac) * 1000)::int from pg_stats s
         where s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname and not s.inherited),
       (select count(*) from pg_inherits h where h.inhparent = c.oid)
from unnest(%s::text[], %s::text[], %s::text[]) with ordinality w (schema, name, attribute, place)
join pg_namespace n on n.nspname = w.schema
join pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind in ('r', 'p', 'f', 'v', 'm')
left join pg_attribute a on a.attrelid = c.oid and a.attname = w.attribute and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where w.attribute is null or a.attnum is not null
order by w.place

-- dependents --
-- Views, policies, functions and generated columns that are bound to it (manual 5.15 "Dependency Tracking"), without
-- what belongs to an extension, partitions, and what is inside of the table itself.
with thing as (
  select t.oid, t.attnum, t.place from unnest(%s::bigint[], %s::int[]) with ordinality t (oid, attnum, place)),
bound as (
  select thing.place, thing.oid as relation, d.classid, d.objid, d.objsubid
  from thing join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = thing.oid
   and (thing.attnum is null or d.refobjsubid = thing.attnum) and d.deptype in ('n', 'a')
  union
  select thing.place, thing.oid, d.classid, d.objid, d.objsubid
  from thing join pg_class c on c.oid = thing.oid join pg_depend d on thing.attnum is null
   and d.refclassid = 'pg_type'::regclass and d.refobjid = c.reltype and d.deptype = 'n')
select distinct b.place::int,
       case when v.oid is not null then case v.relkind when 'm' then 'materialized view' when 'v' then 'view' else 'rule' end
            when g.oid is not null then 'generated column'
            when p.oid is not null then 'policy'
            when b.classid = 'pg_proc'::regclass then 'function'
            else o.type end,
       case when v.oid is not null then case when v.relkind in ('v', 'm') then quote_ident(vn.nspname) || '.' || quote_ident(v.relname)
                                             else r.rulename::text end
            when g.oid is not null then quote_ident(ga.attname)
            when p.oid is not null then quote_ident(p.polname) || ' on ' || p.polrelid::regclass::text
            else o.identity end
from bound b
cross join lateral pg_identify_object(b.classid, b.objid, b.objsubid) o
left join pg_rewrite r on b.classid = 'pg_rewrite'::regclass and r.oid = b.objid
left join pg_class v on v.oid = r.ev_class
left join pg_namespace vn on vn.oid = v.relnamespace
left join pg_attrdef g on b.classid = 'pg_attrdef'::regclass and g.oid = b.objid
left join pg_attribute ga on ga.attrelid = g.adrelid and ga.attnum = g.adnum
left join pg_policy p on b.classid = 'pg_policy'::regclass and p.oid = b.objid
left join unnest(%s::bigint[], %s::int[]) with ordinality own (oid, attnum, place) on own.place = b.place
where b.classid in ('pg_rewrite'::regclass, 'pg_attrdef'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass)
  and (v.oid is null or v.oid <> b.relation or v.relkind not in ('v', 'm'))
  and (g.oid is null or (own.attnum is not null and g.adnum <> own.attnum))
  and (p.oid is null or own.attnum is not null or p.polrelid <> b.relation)
  and not exists (select from pg_depend e where e.classid = b.classid and e.objid = b.objid and e.deptype = 'e')
  and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = v.oid and e.deptype = 'e')
order by 1, 2, 3

-- indexes --
-- Those that go with it: of a column, all that have it among their columns or in an expression.
select t.place::int, quote_ident(n.nspname) || '.' || quote_ident(c.relname), x.indisunique, pg_get_indexdef(c.oid),
       c.relpages::bigint * current_setting('block_size')::bigint,
       t.attnum is not null and (x.indnkeyatts > 1 or x.indpred is not null or x.indexprs is not null)
from unnest(%s::bigint[], %s::int[]) with ordinality t (oid, attnum, place)
join pg_index x on x.indrelid = t.oid
join pg_class c on c.oid = x.indexrelid
join pg_namespace n on n.oid = c.relnamespace
where t.attnum is null or t.attnum = any (x.indkey::int[])
   or exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = x.indexrelid
              and d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid and d.refobjsubid = t.attnum)
order by 1, 2

-- constraints --
-- Its own, and foreign keys of other tables that point at it (the last column says so).
select t.place::int, k.conname::text, k.conrelid::regclass::text, pg_get_constraintdef(k.oid), k.contype::text,
       k.confrelid = t.oid and k.conrelid <> t.oid
from unnest(%s::bigint[], %s::int[]) with ordinality t (oid, attnum, place)
join pg_constraint k on (k.conrelid = t.oid and (t.attnum is null or t.attnum = any (k.conkey::int[])))
  or (k.contype = 'f' and k.confrelid = t.oid and (t.attnum is null or t.attnum = any (k.confkey::int[])))
join pg_class c on c.oid = k.conrelid
where k.contype <> 'n' and k.conparentid = 0 and not c.relispartition
order by 1, 3, 2

-- triggers --
-- Of its table, without those that keep old and new columns in step, which migsafe makes and takes away itself.
select t.place::int, g.tgname::text, p.oid::regprocedure::text, g.tgenabled::text,
       t.attname is not null and p.prosrc ~ ('\y' || regexp_replace(t.attname, '(\W)', '\\\1', 'g') || '\y'),
       t.attname is not null and t.attnum = any (g.tgattr::int[])
from unnest(%s::bigint[], %s::int[], %s::text[]) with ordinality t (oid, attnum, attname, place)
join pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal and g.tgname not like 'zzz\_migsafe\_%%'
join pg_proc p on p.oid = g.tgfoid
order by 1, 2

-- functions --
-- Bodies are text and in no pg_depend: those that name the table, and the column, and are no trigger function of it.
select t.place::int, p.oid::regprocedure::text
from unnest(%s::bigint[], %s::text[], %s::text[]) with ordinality t (oid, relname, attname, place)
join pg_proc p on p.prosrc ~* ('\y' || regexp_replace(t.relname, '(\W)', '\\\1', 'g') || '\y')
 and (t.attname is null or p.prosrc ~* ('\y' || regexp_replace(t.attname, '(\W)', '\\\1', 'g') || '\y'))
join pg_namespace n on n.oid = p.pronamespace
where n.nspname not in ('pg_catalog', 'information_schema', 'migsafe') and p.proname not like 'migsafe\_%%'
  and not exists (select from pg_trigger g where g.tgfoid = p.oid and g.tgrelid = t.oid)
  and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
order by 1, 2

-- published --
select t.place::int, u.pubname::text, u.puballtables
from unnest(%s::bigint[], %s::text[]) with ordinality t (oid, attname, place)
join pg_class c on c.oid = t.oid
join pg_namespace n on n.oid = c.relnamespace
join pg_publication_tables w on w.schemaname = n.nspname and w.tablename = c.relname
 and (t.attname is null or t.attname = any (w.attnames))
join pg_publication u on u.pubname = w.pubname
order by 1, 2

-- grants --
select t.place::int, case when a.grantee = 0 then 'PUBLIC' else pg_get_userbyid(a.grantee)::text end,
       string_agg(distinct a.privilege_type, ', ' order by a.privilege_type)
from unnest(%s::bigint[], %s::int[]) with ordinality t (oid, attnum, place)
join pg_class c on c.oid = t.oid
left join pg_attribute m on m.attrelid = t.oid and m.attnum = t.attnum
cross join lateral (select * from aclexplode(c.relacl) union select * from aclexplode(m.attacl)) a
where a.grantee <> c.relowner
group by 1, 2 order by 1, 2

-- surroundings --
-- A digest of the columns of each relation, to say what has changed beside a plan.
select quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       left(md5(string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull::text,
                           ',' order by a.attnum)), 8)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
  and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'migsafe') and c.relname not like 'migsafe\_%'
  and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
group by 1 order by 1 limit 2001
