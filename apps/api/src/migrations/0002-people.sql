-- People, what they may do, and how they show who they are: sessions of browsers, tokens of programs.
-- Of every secret only a hash is kept: argon2id of passwords, which people choose; SHA-256 of the others, which are random.

create table person (
  -- The name to sign in with. Small letters, so that no two look alike; no colon, so that nobody is `cli:root` in the audit.
  id text primary key check (id ~ '^[a-z0-9][a-z0-9._-]{0,63}$' and id not in ('system', 'alerts', 'api', 'anyone')),
  name text not null,
  role text not null check (role in ('viewer', 'operator', 'supervisor', 'admin')),
  -- People who have left stay, since the audit names them.
  active boolean not null default true,
  password_hash text not null,
  -- Somebody else knows the password: until it is changed, nothing else can be done with it.
  must_change boolean not null default false,
  created_at timestamptz not null default now()
);

-- What stands below these assets is all that the person sees; without any, the whole city.
create table person_area (
  person text not null references person,
  asset identifier not null references asset,
  primary key (person, asset)
);

create table session (
  id bigint generated always as identity primary key,
  sha256 bytea not null unique check (octet_length(sha256) = 32),
  person text not null references person,
  address text not null,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index on session (person);
create index on session (expires_at);

create table token (
  id bigint generated always as identity primary key,
  sha256 bytea not null unique check (octet_length(sha256) = 32),
  person text not null references person,
  name text not null,
  -- Never above the owner's: the lower of both counts, since the owner's may sink later.
  role text not null check (role in ('viewer', 'operator', 'supervisor', 'admin')),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz
);
create index on token (person);

-- What lies in an area is found by parent and by zone.
create index on asset (zone);

-- Everything at or below these assets, by parent or by zone: what somebody with these areas sees. Domains ask it too.
create function within_areas(areas text[]) returns setof text language sql stable as $$
  with recursive inside (id) as (
    select a.id::text from registry.asset a where a.id = any (areas)
    union
    select a.id::text from inside i join registry.asset a on a.parent = i.id or a.zone = i.id
  )
  select id from inside
$$;
