-- What a server's catalogue holds, one query for each kind of object, for Postgres 15 and newer.
-- Objects of the system, of sessions (temporary ones) and of extensions are left out everywhere.
-- Columns that only newer servers have are read through to_jsonb(row), which is NULL where they are not.

-- search_path --
select current_schemas(false)::text[]

-- schemas --
select n.nspname::text
from pg_namespace n
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
order by 1

-- extensions --
select extname::text from pg_extension where extname <> 'plpgsql' order by 1

-- tables --
select n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text,
       c.relrowsecurity, c.relforcerowsecurity, c.relreplident::text,
       case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
       c.relispartition, pg_get_expr(c.relpartbound, c.oid),
       coalesce((select array_agg(pn.nspname::text order by h.inhseqno) from pg_inherits h
          join pg_class p on p.oid = h.inhparent join pg_namespace pn on pn.oid = p.relnamespace
         where h.inhrelid = c.oid), '{}'),
       coalesce((select array_agg(p.relname::text order by h.inhseqno) from pg_inherits h
          join pg_class p on p.oid = h.inhparent where h.inhrelid = c.oid), '{}')
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2

-- columns --
select n.nspname::text, c.relname::text, a.attname::text,
       -- bpchar without a length has no SQL name of its own: format_type would call it character, which means character(1)
       case when e.oid = 'bpchar'::regtype and a.atttypmod = -1 then 'bpchar'
            when en.nspname = 'pg_catalog' then format_type(e.oid, null)
            else e.typname::text end,
       case when en.nspname <> 'pg_catalog' then en.nspname::text end,
       case when a.atttypmod <> -1 then format_type(e.oid, a.atttypmod) end,
       case when e.oid <> t.oid then greatest(a.attndims, 1) else 0 end,
       a.attnotnull, a.attidentity::text, a.attgenerated::text,
       pg_get_expr(ad.adbin, ad.adrelid),
       coalesce((select array_agg(k.attname::text order by k.attnum) from pg_depend d
          join pg_attribute k on k.attrelid = c.oid and k.attnum = d.refobjsubid
         where d.classid = 'pg_attrdef'::regclass and d.objid = ad.oid and d.refclassid = 'pg_class'::regclass
           and d.refobjid = c.oid and d.refobjsubid not in (0, a.attnum)), '{}'),
       (select array[sn.nspname::text, s.relname::text] from pg_depend d
          join pg_class s on s.oid = d.refobjid and s.relkind = 'S' join pg_namespace sn on sn.oid = s.relnamespace
         where d.classid = 'pg_attrdef'::regclass and d.objid = ad.oid and d.refclassid = 'pg_class'::regclass limit 1),
       case when a.attcollation <> t.typcollation then (select collname::text from pg_collation where oid = a.attcollation) end,
       not a.attislocal
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
join pg_type e on e.oid = case when t.typelem <> 0 and t.typlen = -1 and t.typcategory = 'A' then t.typelem else t.oid end
join pg_namespace en on en.oid = e.typnamespace
left join pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f')
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1, 2, a.attnum

-- constraints --
select n.nspname::text, c.relname::text, k.conname::text, k.contype::text, k.convalidated,
       coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true),
       k.connoinherit, k.condeferrable, k.condeferred, not k.conislocal,
       coalesce((select array_agg(a.attname::text order by p.place) from unnest(k.conkey) with ordinality p (number, place)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.number), '{}'),
       pg_get_expr(k.conbin, k.conrelid),
       fn.nspname::text, f.relname::text,
       coalesce((select array_agg(a.attname::text order by p.place) from unnest(k.confkey) with ordinality p (number, place)
          join pg_attribute a on a.attrelid = k.confrelid and a.attnum = p.number), '{}'),
       k.confdeltype::text, k.confupdtype::text,
       i.relname::text,
       coalesce((select array_agg(a.attname::text order by p.place)
          from unnest(x.indkey::smallint[]) with ordinality p (number, place)
          join pg_attribute a on a.attrelid = x.indrelid and a.attnum = p.number
         where p.place > x.indnkeyatts), '{}'),
       coalesce(x.indnullsnotdistinct, false)
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join pg_namespace n on n.oid = c.relnamespace
left join pg_class f on f.oid = k.confrelid
left join pg_namespace fn on fn.oid = f.relnamespace
left join pg_class i on i.oid = k.conindid and k.contype in ('p', 'u', 'x')
left join pg_index x on x.indexrelid = i.oid
where k.contype in ('c', 'f', 'n', 'p', 'u', 'x') and c.relkind in ('r', 'p', 'f')
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1, 2, 3

-- indexes --
select n.nspname::text, i.relname::text, tn.nspname::text, t.relname::text,
       x.indisunique, x.indisprimary, x.indisvalid, am.amname::text, x.indnullsnotdistinct,
       (select array[pn.nspname::text, p.relname::text] from pg_inherits h join pg_class p on p.oid = h.inhparent
          join pg_namespace pn on pn.oid = p.relnamespace where h.inhrelid = i.oid),
       pg_get_expr(x.indpred, x.indrelid),
       (select k.conname::text from pg_constraint k
         where k.conindid = i.oid and k.conrelid = x.indrelid and k.contype in ('p', 'u', 'x') limit 1),
       coalesce((select array_agg(a.attname::text order by p.place)
          from unnest(x.indkey::smallint[]) with ordinality p (number, place)
          join pg_attribute a on a.attrelid = x.indrelid and a.attnum = p.number
         where p.place > x.indnkeyatts), '{}'),
       coalesce((select array_agg(distinct a.attname::text) from pg_depend d
          join pg_attribute a on a.attrelid = x.indrelid and a.attnum = d.refobjsubid
         where d.classid = 'pg_class'::regclass and d.objid = i.oid and d.refclassid = 'pg_class'::regclass
           and d.refobjid = x.indrelid and d.refobjsubid > 0), '{}')
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_namespace n on n.oid = i.relnamespace
join pg_class t on t.oid = x.indrelid
join pg_namespace tn on tn.oid = t.relnamespace
join pg_am am on am.oid = i.relam
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid in (i.oid, t.oid) and d.deptype = 'e')
order by 1, 2

-- index_keys --
select n.nspname::text, i.relname::text, a.attname::text,
       case when a.attname is null then pg_get_indexdef(i.oid, p.place::int, false) end,
       -- a column or expression with its own collation, and the operator class where it is not the default
       case when x.indcollation[p.place - 1] not in (0, coalesce(a.attcollation, 0), 100)
            then (select collname::text from pg_collation where oid = x.indcollation[p.place - 1]) end,
       case when not o.opcdefault then o.opcname::text end,
       x.indoption[p.place - 1] & 1 = 1, x.indoption[p.place - 1] & 2 = 2
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_namespace n on n.oid = i.relnamespace
cross join unnest(x.indkey::smallint[]) with ordinality p (number, place)
join pg_opclass o on o.oid = x.indclass[p.place - 1]
left join pg_attribute a on a.attrelid = x.indrelid and a.attnum = p.number and p.number <> 0
where p.place <= x.indnkeyatts and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1, 2, p.place

-- views --
select n.nspname::text, c.relname::text, c.relkind = 'm',
       coalesce((select array_agg(a.attname::text order by a.attnum) from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '{}')
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2

-- view_uses --
select distinct n.nspname::text, c.relname::text, rn.nspname::text, r.relname::text, a.attname::text
from pg_rewrite w
join pg_class c on c.oid = w.ev_class and c.relkind in ('v', 'm')
join pg_namespace n on n.oid = c.relnamespace
join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
                and d.refclassid = 'pg_class'::regclass and d.refobjid <> c.oid
join pg_class r on r.oid = d.refobjid and r.relkind in ('r', 'p', 'f', 'v', 'm')
join pg_namespace rn on rn.oid = r.relnamespace
left join pg_attribute a on a.attrelid = r.oid and a.attnum = d.refobjsubid and d.refobjsubid > 0
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'

-- sequences --
select n.nspname::text, c.relname::text, format_type(s.seqtypid, null), tn.nspname::text, t.relname::text, a.attname::text
from pg_sequence s
join pg_class c on c.oid = s.seqrelid
join pg_namespace n on n.oid = c.relnamespace
left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid
                     and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
left join pg_class t on t.oid = d.refobjid
left join pg_namespace tn on tn.oid = t.relnamespace
left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
order by 1, 2

-- enums --
select n.nspname::text, t.typname::text, array_agg(e.enumlabel::text order by e.enumsortorder)
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
join pg_enum e on e.enumtypid = t.oid
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
group by 1, 2
order by 1, 2

-- domains --
select n.nspname::text, t.typname::text,
       case when e.oid = 'bpchar'::regtype and t.typtypmod = -1 then 'bpchar'
            when en.nspname = 'pg_catalog' then format_type(e.oid, null)
            else e.typname::text end,
       case when en.nspname <> 'pg_catalog' then en.nspname::text end,
       case when t.typtypmod <> -1 then format_type(e.oid, t.typtypmod) end,
       case when e.oid <> b.oid then greatest(t.typndims, 1) else 0 end,
       t.typnotnull,
       coalesce((select array_agg(k.conname::text order by k.conname) from pg_constraint k
         where k.contypid = t.oid and k.contype = 'c'), '{}')
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
join pg_type b on b.oid = t.typbasetype
join pg_type e on e.oid = case when b.typelem <> 0 and b.typlen = -1 and b.typcategory = 'A' then b.typelem else b.oid end
join pg_namespace en on en.oid = e.typnamespace
where t.typtype = 'd' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
order by 1, 2

-- functions --
select n.nspname::text, p.proname::text, p.prokind = 'p', p.provolatile::text,
       coalesce((select array_agg(format_type(a.type, null) order by a.place)
          from unnest(p.proargtypes::oid[]) with ordinality a (type, place)), '{}')
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where p.prokind in ('f', 'p', 'w') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
order by 1, 2, 5

-- triggers --
select n.nspname::text, c.relname::text, g.tgname::text, fn.nspname::text, f.proname::text, g.tgtype::int,
       g.tginitdeferred, g.tgenabled <> 'D', g.tgparentid <> 0
from pg_trigger g
join pg_class c on c.oid = g.tgrelid and c.relkind in ('r', 'p', 'f')
join pg_namespace n on n.oid = c.relnamespace
join pg_proc f on f.oid = g.tgfoid
join pg_namespace fn on fn.oid = f.pronamespace
where not g.tgisinternal and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1, 2, 3

-- policies --
select n.nspname::text, c.relname::text, p.polname::text, p.polpermissive,
       coalesce((select array_agg(distinct a.attname::text) from pg_depend d
          join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
         where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass
           and d.refobjid = c.oid and d.refobjsubid > 0), '{}')
from pg_policy p
join pg_class c on c.oid = p.polrelid
join pg_namespace n on n.oid = c.relnamespace
order by 1, 2, 3

-- publications --
select p.pubname::text, p.puballtables,
       coalesce((select array_agg(n.nspname::text order by c.oid) from pg_publication_rel r
          join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace where r.prpubid = p.oid), '{}'),
       coalesce((select array_agg(c.relname::text order by c.oid) from pg_publication_rel r
          join pg_class c on c.oid = r.prrelid where r.prpubid = p.oid), '{}')
from pg_publication p
order by 1
