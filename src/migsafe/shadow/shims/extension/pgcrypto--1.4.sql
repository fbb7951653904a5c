-- Enough of pgcrypto for migrations to run: right hashes of the SHA-2 family and MD5, right HMACs of them,
-- random bytes that are random. crypt() hashes nothing anybody should keep; encryption is not here at all.

create function digest(data bytea, type text) returns bytea
language plpgsql immutable strict parallel safe as $$
begin
    case lower(type)
        when 'md5' then return decode(md5(data), 'hex');
        when 'sha224' then return sha224(data);
        when 'sha256' then return sha256(data);
        when 'sha384' then return sha384(data);
        when 'sha512' then return sha512(data);
        else raise exception 'the stand-in for pgcrypto has no digest %', type using errcode = 'feature_not_supported';
    end case;
end
$$;

create function digest(data text, type text) returns bytea
language sql immutable strict parallel safe
return digest(convert_to(data, 'UTF8'), type);

-- RFC 2104: hash(key xor opad, hash(key xor ipad, data)).
-- A standard SQL body is bound to its functions when it is made, so it survives ALTER EXTENSION ... SET SCHEMA.
create function hmac(data bytea, key bytea, type text) returns bytea
language sql immutable strict parallel safe
begin atomic
    with sizes as (
        select case when lower(type) in ('sha384', 'sha512') then 128 else 64 end as block
    ), keys as (
        select block, case when length(key) > block then digest(key, type) else key end as key from sizes
    ), bytes as (
        select place, case when place < length(keys.key) then get_byte(keys.key, place) else 0 end as byte
        from keys, generate_series(0, block - 1) as place
    ), pads as (
        select decode(string_agg(lpad(to_hex(byte # 54), 2, '0'), '' order by place), 'hex') as inner_pad,
               decode(string_agg(lpad(to_hex(byte # 92), 2, '0'), '' order by place), 'hex') as outer_pad
        from bytes
    )
    select digest(outer_pad || digest(inner_pad || data, type), type) from pads;
end;

create function hmac(data text, key text, type text) returns bytea
language sql immutable strict parallel safe
return hmac(convert_to(data, 'UTF8'), convert_to(key, 'UTF8'), type);

create function gen_random_bytes(count integer) returns bytea
language sql volatile strict parallel safe
return (
    select coalesce(substring(string_agg(sha256(uuid_send(gen_random_uuid())), ''::bytea) from 1 for count), ''::bytea)
    from generate_series(1, (count + 31) / 32)
);

create function gen_salt(type text) returns text
language sql volatile strict parallel safe
return '$stand-in$' || substr(md5(gen_random_uuid()::text), 1, 8);

create function gen_salt(type text, rounds integer) returns text
language sql volatile strict parallel safe
return gen_salt(type);

create function crypt(password text, salt text) returns text
language sql immutable strict parallel safe
return substr(salt, 1, 18) || encode(sha256(convert_to(substr(salt, 1, 18) || password, 'UTF8')), 'hex');
