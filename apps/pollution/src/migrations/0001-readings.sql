-- One wide row for each channel and moment: all pollutants and the weather of that moment, and where they came from.
-- Concentrations are real: what a device says with six digits comes back as it said it.
create table reading (
  observed_at timestamptz not null,
  received_at timestamptz not null,
  channel_id int4 not null,
  publisher_id int4,
  period_s int4 not null,
  revision int2 not null default 0,
  -- What the device itself said against its values, by the bits of the contract. What QA/QC finds is in value_flag.
  flags int2 not null default 0,
  pm25_ug_m3 real,
  pm10_ug_m3 real,
  o3_ug_m3 real,
  no2_ug_m3 real,
  so2_ug_m3 real,
  co_ug_m3 real,
  tsp_ug_m3 real,
  pb_ug_m3 real,
  benzene_ug_m3 real,
  nh3_ug_m3 real,
  h2s_ug_m3 real,
  no_ug_m3 real,
  nox_ug_m3 real,
  pm1_ug_m3 real,
  temperature_c real,
  humidity_pct real,
  pressure_hpa real,
  wind_speed_ms real,
  wind_direction_deg real,
  precipitation_mm real,
  reliability_pct real,
  -- {"o3UgM3": {"value": 21.4, "unit": "ppb"}}: as reported, before conversion.
  raw text,
  status text,
  imputation text
);
select create_hypertable('reading', by_range('observed_at', interval '7 days'), create_default_indexes => false);
-- The identity of a reading, and the way to a channel's series.
create unique index reading_identity on reading (channel_id, observed_at);
create index reading_observed_at on reading using brin (observed_at) with (pages_per_range = 32, autosummarize = on);
-- Periods too long for the aggregates by minute are few in a city of minutes, and found without reading the many.
create index reading_long_period on reading (observed_at) where period_s > 60;

create table reading_history (like reading, changed_at timestamptz not null default now());
select create_hypertable('reading_history', by_range('changed_at', interval '30 days'), create_default_indexes => false);
create index reading_history_identity on reading_history (channel_id, observed_at);

-- Aggregates for each channel: of each metric the sum of value × seconds and the seconds, so that they add up to the next
-- level. What the device calls imputed, invalid or calibration has no share in them. Rain adds up.
do $$
declare
  level record;
  metrics text[] := array['pm25_ug_m3', 'pm10_ug_m3', 'o3_ug_m3', 'no2_ug_m3', 'so2_ug_m3', 'co_ug_m3', 'tsp_ug_m3', 'pb_ug_m3', 'benzene_ug_m3', 'nh3_ug_m3', 'h2s_ug_m3',
    'no_ug_m3', 'nox_ug_m3', 'pm1_ug_m3', 'temperature_c', 'humidity_pct', 'pressure_hpa', 'wind_speed_ms', 'reliability_pct'];
begin
  for level in select * from (values ('1m', interval '7 days'), ('5m', interval '30 days'), ('15m', interval '90 days'), ('1h', interval '365 days'), ('1d', interval '3650 days')) as l (name, chunk) loop
    execute format($sql$
      create table reading_%1$s (
        bucket timestamptz not null,
        channel_id int4 not null,
        n_observed int4 not null,
        n_excluded int4 not null,
        precipitation_mm_sum float8,
        %2$s
      )$sql$, level.name, (select string_agg(format('%1$s_sum float8, %1$s_s float8', metric), ', ') from unnest(metrics) as metric));
    perform create_hypertable(format('reading_%s', level.name)::regclass, by_range('bucket', level.chunk), create_default_indexes => false);
    execute format('create unique index reading_%1$s_key on reading_%1$s (channel_id, bucket)', level.name);
    execute format('create index reading_%1$s_bucket on reading_%1$s using brin (bucket)', level.name);
  end loop;
end $$;
