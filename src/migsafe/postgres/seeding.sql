-- What must be known of tables to put a row into them. `/* only X */` is where a condition on the tables' oids goes.

-- tables --
-- Ordinary and partitioned tables of users, not those of extensions; a partition gets its rows through its parent.
select c.oid::bigint, n.nspname::text, c.relname::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 2, 3

-- references --
-- Columns by number.
select conrelid::bigint, confrelid::bigint, conkey, confkey
from pg_constraint where contype = 'f' and conparentid = 0
order by 1, conname

-- columns --
-- A domain's values are those of its base type.
select a.attrelid::bigint, a.attnum, a.attname::text, a.attnotnull or t.typnotnull, a.atthasdef,
       coalesce(pg_get_expr(d.adbin, d.adrelid), '') ~ '^nextval\(', a.attidentity::text, a.attgenerated <> '',
       b.typname::text,
       case when a.atttypmod > 4 and b.typname in ('varchar', 'bpchar') then a.atttypmod - 4
            when t.typtypmod > 4 and b.typname in ('varchar', 'bpchar') then t.typtypmod - 4
            when b.typname in ('bit', 'varbit') then nullif(a.atttypmod, -1) end,
       (select array_agg(enumlabel::text order by enumsortorder) from pg_enum where enumtypid = b.oid)
from pg_attribute a
join pg_type t on t.oid = a.atttypid
join pg_type b on b.oid = case t.typtype when 'd' then t.typbasetype else t.oid end
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped /* only a.attrelid */
order by a.attrelid, a.attnum

-- checks --
-- Of tables, and of the domains of their columns (`VALUE` stands for the column there).
select conrelid::bigint, null::text, pg_get_constraintdef(oid) from pg_constraint
where contype = 'c' /* only conrelid */
union all
select a.attrelid::bigint, a.attname::text, pg_get_constraintdef(k.oid) from pg_attribute a
join pg_constraint k on k.contypid = a.atttypid and k.contype = 'c'
where a.attnum > 0 and not a.attisdropped /* only a.attrelid */
