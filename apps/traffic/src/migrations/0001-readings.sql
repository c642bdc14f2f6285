-- One wide row for each channel and moment: all metrics of that moment, and where they came from.
-- Columns stand by falling size, so that no byte goes into alignment.
create table reading (
  observed_at timestamptz not null,
  received_at timestamptz not null,
  channel_id int4 not null,
  publisher_id int4,
  period_s int4 not null,
  revision int2 not null default 0,
  flags int2 not null default 0,
  count int4,
  speed_kmh real,
  occupancy real,
  length_m real,
  motorcycle int4,
  car int4,
  bus int4,
  truck int4,
  trailer int4,
  bicycle int4,
  other int4,
  occupancy_raw real,
  imputation text
);
select create_hypertable('reading', by_range('observed_at', interval '1 day'), create_default_indexes => false);
-- The identity of a reading, and the way to a channel's series.
create unique index reading_identity on reading (channel_id, observed_at);
-- The way to a minute of the whole city, for the aggregates; rows arrive nearly in this order.
create index reading_observed_at on reading using brin (observed_at) with (pages_per_range = 32, autosummarize = on);

-- Periods too long for the aggregates by minute are few, and found without reading the many.
create index reading_long_period on reading (observed_at) where period_s > 60;

create table reading_history (like reading, changed_at timestamptz not null default now());
select create_hypertable('reading_history', by_range('changed_at', interval '7 days'), create_default_indexes => false);
create index reading_history_identity on reading_history (channel_id, observed_at);

-- Aggregates for each channel. Sums, not means: means of means would be wrong, and sums add up to the next level.
do $$
declare
  level record;
begin
  for level in select * from (values ('1m', interval '7 days'), ('5m', interval '30 days'), ('15m', interval '90 days'), ('1h', interval '365 days'), ('1d', interval '3650 days')) as l (name, chunk) loop
    execute format($sql$
      create table reading_%1$s (
        bucket timestamptz not null,
        channel_id int4 not null,
        n_observed int4 not null,
        n_imputed int4 not null,
        observed_s int8 not null,
        imputed_s int8 not null,
        count int8,
        -- Speed weighted by flow: sum of weight × speed, and of weight.
        speed_sum float8,
        speed_weight float8,
        -- Occupancy weighted by time.
        occupancy_sum float8,
        occupancy_s float8,
        motorcycle int8, car int8, bus int8, truck int8, trailer int8, bicycle int8, other int8
      )$sql$, level.name);
    perform create_hypertable(format('reading_%s', level.name)::regclass, by_range('bucket', level.chunk), create_default_indexes => false);
    execute format('create unique index reading_%1$s_key on reading_%1$s (channel_id, bucket)', level.name);
    execute format('create index reading_%1$s_bucket on reading_%1$s using brin (bucket)', level.name);
  end loop;
end $$;
