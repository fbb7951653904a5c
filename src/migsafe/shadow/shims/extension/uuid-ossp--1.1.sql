-- The names of uuid-ossp, so that defaults and functions that call them can be made and run.
-- Versions 1 and 4 are random here; 3 and 5 are the right name-based values (RFC 9562, 5.3 and 5.5)
-- of MD5, and, for want of SHA-1, of SHA-256 cut short.

create function uuid_nil() returns uuid
language sql immutable parallel safe
return '00000000-0000-0000-0000-000000000000'::uuid;

create function uuid_ns_dns() returns uuid
language sql immutable parallel safe
return '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid;

create function uuid_ns_url() returns uuid
language sql immutable parallel safe
return '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid;

create function uuid_ns_oid() returns uuid
language sql immutable parallel safe
return '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid;

create function uuid_ns_x500() returns uuid
language sql immutable parallel safe
return '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid;

create function uuid_generate_v1() returns uuid
language sql volatile parallel safe
return gen_random_uuid();

create function uuid_generate_v1mc() returns uuid
language sql volatile parallel safe
return gen_random_uuid();

create function uuid_generate_v3(namespace uuid, name text) returns uuid
language sql immutable strict parallel safe
return overlay(
    overlay(md5(uuid_send(namespace) || convert_to(name, 'UTF8')) placing '3' from 13 for 1)
    placing substr('89ab', 1 + (get_byte(decode(md5(uuid_send(namespace) || convert_to(name, 'UTF8')), 'hex'), 8) >> 4) % 4, 1)
    from 17 for 1
)::uuid;

create function uuid_generate_v4() returns uuid
language sql volatile parallel safe
return gen_random_uuid();

create function uuid_generate_v5(namespace uuid, name text) returns uuid
language sql immutable strict parallel safe
return overlay(
    overlay(
        substr(encode(sha256(uuid_send(namespace) || convert_to(name, 'UTF8')), 'hex'), 1, 32) placing '5' from 13 for 1
    )
    placing '8' from 17 for 1
)::uuid;
