-- Changes of dated rows: proposed by one person, decided by another, and kept with their reasons.

create table dated_row_change (
  id bigint generated always as identity primary key,
  -- add: `proposal` holds the fields of a row; verify: the row `row_id` was compared with its source.
  action text not null check (action in ('add', 'verify')),
  row_id text references dated_row on delete set null,
  kind text not null,
  key text not null,
  proposal jsonb not null,
  reason text not null,
  author text not null,
  proposed_at timestamptz not null default now(),
  state text not null default 'proposed' check (state in ('proposed', 'approved', 'refused')),
  decided_by text,
  decided_at timestamptz,
  decision_reason text,
  check ((state = 'proposed') = (decided_by is null)),
  check ((state = 'proposed') = (decided_at is null)),
  -- Whoever proposed may take it back, and no more.
  constraint two_people check (state <> 'approved' or decided_by <> author)
);
create index on dated_row_change (kind, key);
