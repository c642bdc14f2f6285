-- The state of each alarm, one row for each condition that was ever heard of.
create table alarm (
  alarm_id text primary key,
  -- The last condition applied; the next one due bears this number + 1.
  condition_seq bigint not null,
  seq bigint not null,
  occurrence int not null,
  domain text not null,
  type text not null,
  asset text not null,
  path text[] not null,
  name_vi text,
  name_en text,
  state text not null check (state in ('NORMAL', 'UNACK_ACTIVE', 'RTN_UNACK', 'ACK_ACTIVE', 'LATCHED_UNACK', 'LATCHED_ACK', 'SHELVED', 'SUPPRESSED_BY_DESIGN', 'OUT_OF_SERVICE')),
  quality text not null check (quality in ('good', 'bad')),
  level text not null,
  value float8,
  "limit" float8,
  unit text not null,
  limit_row_id text not null,
  rule_version text not null,
  cause_id text not null,
  raised_at timestamptz,
  cleared_at timestamptz,
  changed_at timestamptz not null
) with (fillfactor = 70);
-- What operators look at: all that is not normal, the newest first.
create index alarm_open on alarm (changed_at desc, alarm_id) where state <> 'NORMAL';
create index alarm_changed_at on alarm (changed_at desc, alarm_id);
create index alarm_asset on alarm (asset);

-- Every event of every alarm, for ever: what an operator saw is never rewritten.
create table transition (
  alarm_id text not null,
  seq bigint not null,
  occurrence int not null,
  from_state text not null,
  to_state text not null,
  quality text not null,
  at timestamptz not null,
  recorded_at timestamptz not null,
  by text not null,
  reason text not null,
  late boolean not null,
  condition_seq bigint,
  condition jsonb,
  primary key (alarm_id, seq),
  -- Each condition is applied once, whatever our code does.
  unique (alarm_id, condition_seq)
);
create index transition_at on transition (at);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'a transition is history: it is never changed';
end
$$;
create trigger transition_is_immutable before update or delete on transition for each row execute function refuse_change();
create trigger transition_is_kept before truncate on transition for each statement execute function refuse_change();

-- Conditions that came before one that is missing; they wait for it.
create table held_condition (
  condition_id text not null,
  seq bigint not null,
  condition jsonb not null,
  held_at timestamptz not null,
  primary key (condition_id, seq)
);
