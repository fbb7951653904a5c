-- Everything that exists, one block for each kind of object: its name, a part of it or NULL, its facts as jsonb, and its
-- unit: the oid of the relation, type or function that it stands and falls with, or 0. Facts are only names and never
-- oids, so that two databases compare. Run with search_path = pg_catalog, so that every name of a user's object is
-- written with its schema. `user_schemas` stands before all of them. `/* only X */` is where a condition on the unit X
-- goes when a few units are read again, and `/* only X or Y */` where either of two may be it.

-- user_schemas --
user_schemas as (
    select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
), extension_members as (
    select classid, objid from pg_depend where refclassid = 'pg_extension'::regclass and deptype = 'e'
)

-- schema --
select quote_ident(n.nspname), null, jsonb_build_object(
    'owner', o.nspowner::regrole::text, 'privileges', o.nspacl::text, 'comment', obj_description(n.oid, 'pg_namespace')), 0
from user_schemas n join pg_namespace o on o.oid = n.oid
where n.oid not in (select objid from extension_members where classid = 'pg_namespace'::regclass)

-- extension --
select quote_ident(extname), null, jsonb_build_object('version', extversion, 'schema', extnamespace::regnamespace::text), 0
from pg_extension

-- relation --
select c.oid::regclass::text, null, jsonb_build_object(
    'kind', c.relkind, 'persistence', c.relpersistence, 'owner', c.relowner::regrole::text,
    'privileges', c.relacl::text, 'options', c.reloptions::text, 'row_security', c.relrowsecurity,
    'force_row_security', c.relforcerowsecurity, 'replica_identity', c.relreplident,
    'partition_key', case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
    'bound', pg_get_expr(c.relpartbound, c.oid),
    'parents', (select jsonb_agg(inhparent::regclass::text order by inhseqno) from pg_inherits where inhrelid = c.oid),
    'access_method', (select amname from pg_am where oid = c.relam),
    'definition', case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
    'column_order', (select jsonb_agg(attname order by attnum) from pg_attribute
                      where attrelid = c.oid and attnum > 0 and not attisdropped),
    'comment', obj_description(c.oid, 'pg_class')), c.oid
from pg_class c join user_schemas n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') /* only c.oid */
  and c.oid not in (select objid from extension_members where classid = 'pg_class'::regclass)

-- column --
select c.oid::regclass::text, a.attname::text, jsonb_build_object(
    'type', format_type(a.atttypid, a.atttypmod), 'not_null', a.attnotnull,
    'default', pg_get_expr(d.adbin, d.adrelid), 'identity', a.attidentity, 'generated', a.attgenerated,
    'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
    'storage', case when a.attstorage <> t.typstorage then a.attstorage end, 'compression', a.attcompression,
    'statistics', nullif(coalesce(a.attstattarget, -1), -1),
    'privileges', a.attacl::text, 'options', a.attoptions::text, 'comment', col_description(c.oid, a.attnum)), c.oid
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join user_schemas n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f') /* only c.oid */
  and c.oid not in (select objid from extension_members where classid = 'pg_class'::regclass)

-- constraint --
select coalesce(nullif(k.conrelid, 0)::regclass::text, k.contypid::regtype::text), k.conname::text, jsonb_build_object(
    'kind', k.contype, 'definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated,
    'comment', obj_description(k.oid, 'pg_constraint')), coalesce(nullif(k.conrelid, 0), k.contypid)
from pg_constraint k join user_schemas n on n.oid = k.connamespace
where k.contype <> 't' /* only k.conrelid or k.contypid */
  and k.conrelid not in (select objid from extension_members where classid = 'pg_class'::regclass)
  and k.contypid not in (select objid from extension_members where classid = 'pg_type'::regclass)

-- index --
select c.oid::regclass::text, null, jsonb_build_object(
    'table', x.indrelid::regclass::text, 'definition', pg_get_indexdef(c.oid), 'valid', x.indisvalid,
    'ready', x.indisready, 'clustered', x.indisclustered, 'replica_identity', x.indisreplident,
    'comment', obj_description(c.oid, 'pg_class')), x.indrelid
from pg_index x
join pg_class c on c.oid = x.indexrelid
join user_schemas n on n.oid = c.relnamespace
where x.indrelid not in (select objid from extension_members where classid = 'pg_class'::regclass)
  /* only x.indrelid */

-- sequence --
select c.oid::regclass::text, null, jsonb_build_object(
    'type', s.seqtypid::regtype::text, 'start', s.seqstart, 'increment', s.seqincrement, 'maximum', s.seqmax,
    'minimum', s.seqmin, 'cache', s.seqcache, 'cycle', s.seqcycle, 'privileges', c.relacl::text,
    'owned_by', (select d.refobjid::regclass::text || '.' || quote_ident(a.attname)
                   from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                  where d.classid = 'pg_class'::regclass and d.objid = c.oid
                    and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))), c.oid
from pg_sequence s
join pg_class c on c.oid = s.seqrelid
join user_schemas n on n.oid = c.relnamespace
where c.oid not in (select objid from extension_members where classid = 'pg_class'::regclass)
  /* only c.oid */

-- type --
select t.oid::regtype::text, null, jsonb_build_object(
    'kind', t.typtype,
    'values', (select jsonb_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = t.oid),
    'base', case when t.typbasetype <> 0 then format_type(t.typbasetype, t.typtypmod) end,
    'not_null', t.typnotnull, 'default', t.typdefault,
    'attributes', (select jsonb_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) order by a.attnum)
                     from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped),
    'privileges', t.typacl::text, 'comment', obj_description(t.oid, 'pg_type')),
    coalesce(nullif(t.typrelid, 0), t.oid)
from pg_type t
join user_schemas n on n.oid = t.typnamespace
left join pg_class c on c.oid = t.typrelid
where t.typtype in ('e', 'd', 'c', 'r') and (c.oid is null or c.relkind = 'c')
  /* only coalesce(nullif(t.typrelid, 0), t.oid) */
  and t.oid not in (select objid from extension_members where classid = 'pg_type'::regclass)

-- function --
select p.oid::regprocedure::text, null, jsonb_build_object(
    'kind', p.prokind, 'definition', case when p.prokind <> 'a' then pg_get_functiondef(p.oid) end,
    'owner', p.proowner::regrole::text, 'privileges', p.proacl::text, 'comment', obj_description(p.oid, 'pg_proc')), p.oid
from pg_proc p join user_schemas n on n.oid = p.pronamespace
where p.oid not in (select objid from extension_members where classid = 'pg_proc'::regclass)
  /* only p.oid */

-- trigger --
select g.tgrelid::regclass::text, g.tgname::text, jsonb_build_object(
    'definition', pg_get_triggerdef(g.oid), 'enabled', g.tgenabled), g.tgrelid
from pg_trigger g
join pg_class c on c.oid = g.tgrelid
join user_schemas n on n.oid = c.relnamespace
where not g.tgisinternal /* only g.tgrelid */

-- rule --
select r.ev_class::regclass::text, r.rulename::text, jsonb_build_object(
    'definition', pg_get_ruledef(r.oid), 'enabled', r.ev_enabled), r.ev_class
from pg_rewrite r
join pg_class c on c.oid = r.ev_class
join user_schemas n on n.oid = c.relnamespace
where r.rulename <> '_RETURN' /* only r.ev_class */

-- policy --
select p.polrelid::regclass::text, p.polname::text, jsonb_build_object(
    'command', p.polcmd, 'permissive', p.polpermissive,
    'roles', (select jsonb_agg(case role when 0 then 'public' else role::regrole::text end order by 1)
                from unnest(p.polroles) role),
    'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)), p.polrelid
from pg_policy p where true /* only p.polrelid */

-- statistics --
select quote_ident(n.nspname) || '.' || quote_ident(s.stxname), null,
       jsonb_build_object('definition', pg_get_statisticsobjdef(s.oid)), 0
from pg_statistic_ext s join user_schemas n on n.oid = s.stxnamespace

-- event_trigger --
select quote_ident(evtname), null, jsonb_build_object(
    'event', evtevent, 'function', evtfoid::regproc::text, 'enabled', evtenabled, 'tags', evttags::text), 0
from pg_event_trigger

-- operator --
select o.oid::regoperator::text, null, jsonb_build_object('function', o.oprcode::text), 0
from pg_operator o join user_schemas n on n.oid = o.oprnamespace
where o.oid not in (select objid from extension_members where classid = 'pg_operator'::regclass)

-- cast --
-- The server's own casts have oids below FirstNormalObjectId (16384).
select format_type(castsource, null) || ' as ' || format_type(casttarget, null), null, jsonb_build_object(
    'function', nullif(castfunc, 0)::regproc::text, 'context', castcontext, 'method', castmethod), 0
from pg_cast k
where k.oid >= 16384 and k.oid not in (select objid from extension_members where classid = 'pg_cast'::regclass)

-- publication --
select quote_ident(p.pubname), null, jsonb_build_object(
    'all_tables', p.puballtables, 'insert', p.pubinsert, 'update', p.pubupdate, 'delete', p.pubdelete,
    'truncate', p.pubtruncate, 'via_root', p.pubviaroot,
    'tables', (select jsonb_agg(prrelid::regclass::text order by prrelid::regclass::text)
                 from pg_publication_rel where prpubid = p.oid)), 0
from pg_publication p

-- default_privileges --
select d.defaclrole::regrole::text || ' ' || coalesce(nullif(d.defaclnamespace, 0)::regnamespace::text, '*')
       || ' ' || d.defaclobjtype::text, null, jsonb_build_object('privileges', d.defaclacl::text), 0
from pg_default_acl d
