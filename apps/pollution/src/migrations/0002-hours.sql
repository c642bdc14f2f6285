-- Hours of stations that must be computed: for the first time when they close, again after late or corrected readings.
create table stale_hour (
  asset text not null,
  -- Start of the hour.
  hour_at timestamptz not null,
  -- Grows with each note: a job takes a note away only as it has read it.
  version int not null default 1,
  replay boolean not null,
  noted_at timestamptz not null default now(),
  primary key (asset, hour_at)
);

-- The present revision of each closed hour, and of each closed day of the station's zone. Revision 1 is the closing.
create table station_hour (
  asset text not null,
  hour_at timestamptz not null,
  revision int not null,
  computed_at timestamptz not null,
  -- Level of the health condition after this hour; null: none.
  condition_level text,
  result jsonb not null,
  primary key (asset, hour_at)
);
create index station_hour_exceeding on station_hour (hour_at) where jsonb_array_length(result->'exceedances') > 0;

create table station_day (
  asset text not null,
  -- The date on a calendar in the station's zone.
  day date not null,
  starts_at timestamptz not null,
  revision int not null,
  computed_at timestamptz not null,
  result jsonb not null,
  primary key (asset, day)
);
create index station_day_exceeding on station_day (starts_at) where jsonb_array_length(result->'exceedances') > 0;

-- Revisions that were replaced: what had been published keeps its number.
create table station_hour_history (
  asset text not null,
  hour_at timestamptz not null,
  revision int not null,
  computed_at timestamptz not null,
  result jsonb not null,
  primary key (asset, hour_at, revision)
);
create table station_day_history (
  asset text not null,
  day date not null,
  revision int not null,
  computed_at timestamptz not null,
  result jsonb not null,
  primary key (asset, day, revision)
);

-- What QA/QC found against a value, by the dated row that says so. The value itself stays as it is.
create table value_flag (
  channel_id int4 not null,
  observed_at timestamptz not null,
  metric text not null,
  flag text not null,
  row_id text not null,
  primary key (channel_id, observed_at, metric, flag)
);

-- The dated rows as they were when the results were computed: a row that is new or was changed makes its time stale.
create table applied_row (
  id text primary key,
  kind text not null,
  key text not null,
  valid_from timestamptz not null,
  valid_to timestamptz,
  value jsonb not null
);

-- The state of each condition, and every change of it: what alerts was told, for asking again and for history.
create table condition (
  condition_id text primary key,
  asset text not null,
  seq bigint not null,
  active boolean not null,
  changed_at timestamptz not null,
  payload jsonb not null
);
create index condition_asset on condition (asset);

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
