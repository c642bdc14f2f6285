-- The registry: what stands in the city, which devices and gateways watch it, who may log in, and limits with their dates.
-- Every change takes the next number in `change`; caches in other processes read what bears a higher number than they know.

create table change (
  only_one boolean primary key default true check (only_one),
  -- Made with the database: numbers of another database mean nothing here.
  identity uuid not null default gen_random_uuid(),
  n bigint not null default 0,
  -- The number of the last deletion: whoever knows less reads all.
  reload_from bigint not null default 0
);
insert into change default values;

-- Holds the row until the commit, so numbers become visible in order and one writer changes the registry at a time.
create function take_change_number() returns trigger language plpgsql as $$
begin
  update registry.change set n = n + 1;
  notify registry_changed;
  return null;
end
$$;

create function mark_change() returns trigger language plpgsql as $$
begin
  new.changed := (select n from registry.change);
  return new;
end
$$;

create function mark_deletion() returns trigger language plpgsql as $$
begin
  update registry.change set n = n + 1, reload_from = n + 1;
  notify registry_changed;
  return null;
end
$$;

create domain identifier as text check (value ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$');

create table asset (
  id identifier primary key,
  kind text not null,
  -- Checked at the commit: a file may name a child before its parent.
  parent identifier references asset deferrable initially deferred,
  name_vi text not null,
  name_en text not null,
  geometry jsonb,
  zone text,
  road_class text,
  lanes smallint,
  length_m double precision,
  free_flow_kmh double precision,
  time_zone text not null,
  changed bigint not null default 0
);
create index on asset (parent);

create table gateway (
  id identifier primary key,
  name_vi text not null,
  name_en text not null,
  asset identifier references asset,
  changed bigint not null default 0
);

create table device (
  id identifier primary key,
  domain text not null,
  asset identifier not null references asset,
  gateway identifier references gateway,
  codec text not null,
  replay boolean not null,
  changed bigint not null default 0
);
create index on device (asset);
create index on device (gateway);

-- A secret is 32 random bytes, so a plain SHA-256 of it cannot be searched. Two may be in force while one is being changed.
create table credential (
  id bigint generated always as identity primary key,
  client_id identifier not null,
  kind text not null check (kind in ('device', 'gateway')),
  slot smallint not null check (slot in (1, 2)),
  secret_sha256 bytea not null check (octet_length(secret_sha256) = 32),
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  changed bigint not null default 0
);
create unique index on credential (client_id, slot) where revoked_at is null;

-- A range of one text equals another exactly when both overlap: so the constraint below needs no extension.
create type text_range as range (subtype = text, collation = "C");

create table dated_row (
  id text primary key,
  kind text not null,
  key text not null,
  legal_basis text not null,
  article text not null,
  valid_from timestamptz not null,
  valid_to timestamptz check (valid_to > valid_from),
  value jsonb not null,
  unit text not null,
  source text not null,
  verified_by text,
  changed bigint not null default 0,
  constraint no_overlap exclude using gist (
    text_range(kind, kind, '[]') with &&,
    text_range(key, key, '[]') with &&,
    tstzrange(valid_from, valid_to) with &&
  )
);

do $$
declare
  name text;
begin
  foreach name in array array['asset', 'gateway', 'device', 'credential', 'dated_row'] loop
    execute format('create index on %I (changed)', name);
    execute format('create trigger take_change_number before insert or update on %I execute function take_change_number()', name);
    execute format('create trigger mark_change before insert or update on %I for each row execute function mark_change()', name);
    execute format('create trigger mark_deletion before delete or truncate on %I execute function mark_deletion()', name);
  end loop;
end
$$;

-- What people did. Each row's hash covers the row and the hash before it; audit_head remembers the last, so that a row
-- that was changed, left out or cut off at the end is found.
create table audit (
  seq bigint primary key,
  at timestamptz not null,
  author text not null,
  action text not null,
  subject text not null,
  details jsonb not null,
  hash bytea not null
);

create table audit_head (
  only_one boolean primary key default true check (only_one),
  seq bigint not null,
  hash bytea not null
);
insert into audit_head (seq, hash) values (0, sha256('nhip'));

create function audit_hash(before bytea, of audit) returns bytea language sql immutable as $$
  select sha256(before || convert_to(jsonb_build_array(of.seq, (extract(epoch from of.at) * 1000000)::bigint, of.author, of.action, of.subject, of.details)::text, 'UTF8'))
$$;

create function chain_audit() returns trigger language plpgsql as $$
declare
  head registry.audit_head;
begin
  select * into head from registry.audit_head for update;
  new.seq := head.seq + 1;
  new.at := clock_timestamp();
  new.hash := registry.audit_hash(head.hash, new);
  update registry.audit_head set seq = new.seq, hash = new.hash;
  return new;
end
$$;
create trigger chain_audit before insert on audit for each row execute function chain_audit();

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit is append-only';
end
$$;
create trigger refuse_change before update or delete or truncate on audit execute function refuse_change();

do $$
begin
  if exists (select from pg_roles where rolname = 'nhip_domains') then
    grant usage on schema registry to nhip_domains;
    grant select on change, asset, gateway, device, credential, dated_row to nhip_domains;
  end if;
end
$$;
