-- What shadow/compat asks a server about: the types that a statement speaks of, the rows that it writes, what hangs
-- together, and the statements that any code on a schema would run.

-- type_names --
-- Names of types by oid and modifier: the server's own as people write them, others always with their schema, so that
-- they compare across databases and search paths.
select asked.type_oid::bigint, asked.modifier,
       case when n.nspname = 'pg_catalog' then format_type(t.oid, nullif(asked.modifier, -1))
            when e.oid is not null then quote_ident(en.nspname) || '.' || quote_ident(e.typname) || '[]'
            else quote_ident(n.nspname) || '.' || quote_ident(t.typname)
                 || case when asked.modifier = -1 then '' else '(' || asked.modifier || ')' end end
from unnest(%s::oid[], %s::int[]) as asked (type_oid, modifier)
join pg_type t on t.oid = asked.type_oid
join pg_namespace n on n.oid = t.typnamespace
left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
left join pg_namespace en on en.oid = e.typnamespace

-- type_facts --
-- A type and those that it is made of: its name, its kind, whose values it has (of a domain: the type below), what its
-- elements are (of an array), and its first value (of an enum).
with recursive known (type_oid) as (
    select unnest(%s::oid[])
    union
    select next.type_oid
    from known
    join pg_type t on t.oid = known.type_oid
    cross join lateral (values (t.typbasetype), (case when t.typcategory = 'A' then t.typelem else 0 end))
        as next (type_oid)
    where next.type_oid <> 0
)
select t.oid::bigint, t.typname::text, t.typtype::text, t.typbasetype::bigint,
       (case when t.typcategory = 'A' then t.typelem else 0 end)::bigint,
       (select enumlabel::text from pg_enum where enumtypid = t.oid order by enumsortorder limit 1)
from known join pg_type t on t.oid = known.type_oid

-- written_columns --
-- All columns of a table in the order of its rows, dropped ones too, and whether NULL is refused in each: a generated
-- column gets its value after the plan, and BEFORE triggers (of the table or of any partition) may give any value.
select a.attname::text,
       a.attnotnull and not a.attisdropped and a.attgenerated = '' and not exists (
           select from pg_trigger g
           where not g.tgisinternal and g.tgenabled <> 'D' and g.tgtype & 7 = 7
             and (g.tgrelid = c.oid or g.tgrelid in (select relid from pg_partition_tree(c.oid))))
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid
where n.nspname = %s and c.relname = %s and a.attnum > 0
order by a.attnum

-- links --
-- What is touched when something else is: (name, name of what it hangs on), by bare names. '*' hangs on a function
-- without a query having to name it.
with user_functions as (
    select p.oid, p.proname::text as name
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
)
-- views and rules on what they read
select c.relname::text, r.relname::text
from pg_depend d
join pg_rewrite w on w.oid = d.objid
join pg_class c on c.oid = w.ev_class
join pg_class r on r.oid = d.refobjid
where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and r.oid <> c.oid and c.oid >= 16384
union
-- both ends of a foreign key, and of an inheritance or partitioning
select pair.a::text, pair.b::text
from (
    select c.relname as one, r.relname as other
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class r on r.oid = k.confrelid
    where k.contype = 'f'
    union all
    select c.relname, r.relname
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class r on r.oid = i.inhparent
) as linked
cross join lateral (values (one, other), (other, one)) as pair (a, b)
union
-- tables on the functions of their triggers
select c.relname::text, f.name
from pg_trigger g join pg_class c on c.oid = g.tgrelid join user_functions f on f.oid = g.tgfoid
where not g.tgisinternal
union
-- whatever calls a function in a default, a constraint, a policy, an index or a rule, or is made of one
select coalesce(c.relname::text, '*'), f.name
from pg_depend d
join user_functions f on f.oid = d.refobjid
left join pg_attrdef def on d.classid = 'pg_attrdef'::regclass and def.oid = d.objid
left join pg_constraint k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
left join pg_policy p on d.classid = 'pg_policy'::regclass and p.oid = d.objid
left join pg_rewrite w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
left join pg_index x on d.classid = 'pg_class'::regclass and x.indexrelid = d.objid
left join pg_class c on c.oid = coalesce(
    def.adrelid, nullif(k.conrelid, 0), p.polrelid, w.ev_class, x.indrelid,
    case when d.classid = 'pg_class'::regclass then d.objid end)
where d.refclassid = 'pg_proc'::regclass
  and d.classid not in ('pg_trigger'::regclass, 'pg_proc'::regclass, 'pg_event_trigger'::regclass)
  and d.deptype <> 'e'

-- functions --
-- Functions of the user's own: name, and all that its code says; NULL where that is not in the database, or where it
-- makes statements at run time.
select p.proname::text,
       case when l.lanname in ('sql', 'plpgsql') and coalesce(p.prosrc, '') !~* '\mexecute\M'
            then pg_get_functiondef(p.oid) end
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_language l on l.oid = p.prolang
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and p.prokind <> 'a'
  and not exists (select from pg_depend d
                  where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')

-- usual_queries --
-- What code that maps every column of a table would run: (kind, table, statement). Parameters are numbered in the
-- order of columns. NULL for the names means all tables.
with asked as (
    select c.oid, c.relname, format('%%I.%%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
      and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and (%s::text[] is null or c.relname = any(%s::text[]))
      and not exists (select from pg_depend d
                      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
), columns as (
    select asked.oid, a.attnum, quote_ident(a.attname) as name,
           a.attgenerated = '' and a.attidentity <> 'a' as writable,
           a.atthasdef or a.attidentity <> '' or not a.attnotnull as optional
    from asked join pg_attribute a on a.attrelid = asked.oid
    where a.attnum > 0 and not a.attisdropped
), written as (
    select oid, name, optional, row_number() over (partition by oid order by attnum) as place,
           row_number() over (partition by oid, optional order by attnum) as place_among_equals
    from columns where writable
), lists as (
    select oid, string_agg(name, ', ' order by place) as names, string_agg('$' || place, ', ' order by place) as places,
           string_agg(name || ' = $' || place, ', ' order by place) as assignments, count(*) as number,
           string_agg(name, ', ' order by place) filter (where not optional) as needed_names,
           string_agg('$' || place_among_equals, ', ' order by place) filter (where not optional) as needed_places
    from written group by oid
), keys as (
    select asked.oid,
           (select string_agg(quote_ident(a.attname) || ' = $' || coalesce(lists.number, 0) + k.place, ' and '
                              order by k.place)
            from unnest(x.indkey::int2[]) with ordinality as k (attnum, place)
            join pg_attribute a on a.attrelid = asked.oid and a.attnum = k.attnum) as after_all,
           (select string_agg(quote_ident(a.attname) || ' = $' || k.place, ' and ' order by k.place)
            from unnest(x.indkey::int2[]) with ordinality as k (attnum, place)
            join pg_attribute a on a.attrelid = asked.oid and a.attnum = k.attnum) as alone
    from asked join pg_index x on x.indrelid = asked.oid and x.indisprimary left join lists on lists.oid = asked.oid
)
select 'select', asked.name,
       format('SELECT %%s FROM %%s', (select string_agg(name, ', ' order by attnum) from columns
                                      where columns.oid = asked.oid), asked.name)
from asked where exists (select from columns where columns.oid = asked.oid)
union all
select 'insert', asked.name, format('INSERT INTO %%s (%%s) VALUES (%%s)', asked.name, names, places)
from asked join lists using (oid)
union all
select 'insert of what is needed', asked.name,
       format('INSERT INTO %%s (%%s) VALUES (%%s)', asked.name, needed_names, needed_places)
from asked join lists using (oid) where needed_names is not null and needed_names <> names
union all
select 'update', asked.name, format('UPDATE %%s SET %%s WHERE %%s', asked.name, assignments, keys.after_all)
from asked join lists using (oid) join keys using (oid)
union all
select 'delete', asked.name, format('DELETE FROM %%s WHERE %%s', asked.name, keys.alone)
from asked join keys using (oid)
order by 2, 1
