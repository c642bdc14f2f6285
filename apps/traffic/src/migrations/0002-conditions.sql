-- The state of each condition, and every change of it: what alerts was told, for asking again and for history.
create table condition (
  condition_id text primary key,
  asset text not null unique,
  seq bigint not null,
  active boolean not null,
  changed_at timestamptz not null,
  payload jsonb not null
);

create table condition_change (
  condition_id text not null,
  seq bigint not null,
  asset text not null,
  state text not null,
  observed_at timestamptz not null,
  payload jsonb not null,
  at timestamptz not null default now(),
  primary key (condition_id, seq)
);
create index condition_change_observed_at on condition_change (observed_at);
