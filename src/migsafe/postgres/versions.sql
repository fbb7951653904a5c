-- Which row versions of the catalogues describe which unit (see snapshot.sql): what changes when any of them is written.

-- units --
-- Users' objects have oids from FirstNormalObjectId (16384) on, so that each part is a short scan of an index. A row
-- version is known by its place and the transaction that wrote it. `few` are the kinds with few objects, which are of
-- no unit; `all` is what definitions of any kind mention.
with versions (kind, unit, version) as (
    select case relkind when 'S' then 'sequence' when 'c' then 'type' else 'relation' end, oid,
           hashtidextended(ctid, xmin::text::bigint)
      from pg_class where oid >= 16384 and relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    union all
    select 'index', x.indrelid,
           hashtidextended(x.ctid, x.xmin::text::bigint) # hashtidextended(c.ctid, c.xmin::text::bigint + 1)
      from pg_index x join pg_class c on c.oid = x.indexrelid where x.indexrelid >= 16384 and x.indrelid >= 16384
    union all
    select 'column', attrelid, hashtidextended(ctid, xmin::text::bigint + 2)
      from pg_attribute where attrelid >= 16384 and attnum > 0
    union all
    select 'column', adrelid, hashtidextended(ctid, xmin::text::bigint + 3) from pg_attrdef where adrelid >= 16384
    union all
    select 'constraint', coalesce(nullif(conrelid, 0), contypid), hashtidextended(ctid, xmin::text::bigint + 4)
      from pg_constraint where oid >= 16384
    union all
    select 'trigger', tgrelid, hashtidextended(ctid, xmin::text::bigint + 5) from pg_trigger where not tgisinternal
    union all
    select 'rule', ev_class, hashtidextended(ctid, xmin::text::bigint + 6) from pg_rewrite where oid >= 16384
    union all
    select 'policy', polrelid, hashtidextended(ctid, xmin::text::bigint + 7) from pg_policy
    union all
    select 'relation', inhrelid, hashtidextended(ctid, xmin::text::bigint + 8) from pg_inherits where inhrelid >= 16384
    union all
    select 'type', coalesce(nullif(typrelid, 0), oid), hashtidextended(ctid, xmin::text::bigint + 9)
      from pg_type where oid >= 16384 and typtype in ('e', 'd', 'c', 'r')
    union all
    select 'type', enumtypid, hashtidextended(ctid, xmin::text::bigint + 10) from pg_enum where oid >= 16384
    union all
    select 'function', oid, hashtidextended(ctid, xmin::text::bigint + 11) from pg_proc where oid >= 16384
    union all
    select 'sequence', seqrelid, hashtidextended(ctid, xmin::text::bigint + 12) from pg_sequence where seqrelid >= 16384
    union all
    select 'sequence', s.seqrelid, hashtidextended(d.ctid, d.xmin::text::bigint + 13)
      from pg_sequence s join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.seqrelid
     where s.seqrelid >= 16384
    union all
    select case d.classoid when 'pg_constraint'::regclass then 'constraint' when 'pg_type'::regclass then 'type'
                           when 'pg_proc'::regclass then 'function'
                           else case when x.indrelid is not null then 'index' when d.objsubid > 0 then 'column'
                                     else 'relation' end end,
           coalesce(x.indrelid, nullif(k.conrelid, 0), k.contypid, nullif(t.typrelid, 0), d.objoid),
           hashtidextended(d.ctid, d.xmin::text::bigint + 14)
      from pg_description d
      left join pg_index x on d.classoid = 'pg_class'::regclass and x.indexrelid = d.objoid
      left join pg_constraint k on d.classoid = 'pg_constraint'::regclass and k.oid = d.objoid
      left join pg_type t on d.classoid = 'pg_type'::regclass and t.oid = d.objoid
     where d.objoid >= 16384 and d.classoid <> 'pg_namespace'::regclass
    union all
    select 'few', 0, hashtidextended(ctid, xmin::text::bigint + 15) from pg_namespace
    union all
    select 'few', 0, hashtidextended(ctid, xmin::text::bigint + 16) from pg_description
     where classoid = 'pg_namespace'::regclass
    union all
    select 'few', 0, hashtidextended(ctid, xmin::text::bigint + 17) from pg_extension
    union all
    select 'few', 0, hashtidextended(ctid, xmin::text::bigint + 18) from pg_statistic_ext
    union all
    select 'few', 0, hashtidextended(ctid, xmin::text::bigint + 19) from pg_event_trigger
    union all
    select 'few', 0, hashtidextended(ctid, xmin::text::bigint + 20) from pg_operator where oid >= 16384
    union all
    select 'few', 0, hashtidextended(ctid, xmin::text::bigint + 21) from pg_cast where oid >= 16384
    union all
    select 'few', 0, hashtidextended(ctid, xmin::text::bigint + 22) from pg_publication
    union all
    select 'few', 0, hashtidextended(ctid, xmin::text::bigint + 23) from pg_publication_rel
    union all
    select 'few', 0, hashtidextended(ctid, xmin::text::bigint + 24) from pg_default_acl
    union all
    -- Being a member of an extension is what keeps an object out of the snapshot.
    select 'all', 0, hashtidextended(ctid, xmin::text::bigint + 25) from pg_depend
     where refclassid = 'pg_extension'::regclass and deptype = 'e'
    union all
    select 'all', 0, hashtextextended(rolname, oid::bigint) from pg_roles where oid >= 16384
    union all
    select 'all', 0, hashtextextended(nspname, oid::bigint) from pg_namespace where oid >= 16384
)
select kind, unit::bigint, bit_xor(version) from versions group by 1, 2

-- names --
-- The names that definitions of other units mention.
select c.oid::bigint, 'relation', c.oid::bigint, c.relnamespace::bigint, c.relname::text from pg_class c
 where c.oid >= 16384 and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') /* only c.oid */
union all
select a.attrelid::bigint, 'column', a.attnum::bigint, 0, a.attname::text from pg_attribute a
 where a.attrelid >= 16384 and a.attnum > 0 and not a.attisdropped /* only a.attrelid */
union all
select coalesce(nullif(t.typrelid, 0), t.oid)::bigint, 'type', t.oid::bigint, t.typnamespace::bigint, t.typname::text
  from pg_type t
 where t.oid >= 16384 and t.typtype in ('e', 'd', 'c', 'r') /* only coalesce(nullif(t.typrelid, 0), t.oid) */
union all
select e.enumtypid::bigint, 'value', e.oid::bigint, 0, e.enumlabel::text from pg_enum e
 where e.oid >= 16384 /* only e.enumtypid */
union all
select p.oid::bigint, 'function', p.oid::bigint, p.pronamespace::bigint, p.proname::text from pg_proc p
 where p.oid >= 16384 /* only p.oid */
