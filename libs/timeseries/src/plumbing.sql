-- What every consumer of a stream needs beside its own tables; one set per schema.

-- How far a consumer has come and what became of what it took, in the same row as the offset: both move together or not at all.
create table consumed (
  consumer_group text not null,
  topic text not null,
  cluster_id text not null,
  partition int not null,
  next_offset bigint not null default 0,
  -- Grows when another process changed states whose home is this partition: caches of them are then stale.
  fold_version bigint not null default 0,
  entries bigint not null default 0,
  stored bigint not null default 0,
  corrected bigint not null default 0,
  repeated bigint not null default 0,
  dead_lettered bigint not null default 0,
  updated_at timestamptz not null default now(),
  primary key (consumer_group, topic, cluster_id, partition),
  check (entries = stored + corrected + repeated + dead_lettered),
  check (least(stored, corrected, repeated, dead_lettered) >= 0)
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create table dead_letter_count (
  consumer_group text not null,
  topic text not null,
  cluster_id text not null,
  partition int not null,
  reason text not null,
  count bigint not null check (count >= 0),
  primary key (consumer_group, topic, cluster_id, partition, reason)
) with (fillfactor = 50);

create table dead_letter (
  id bigint generated always as identity primary key,
  consumer_group text not null,
  topic text not null,
  cluster_id text not null,
  partition int not null,
  "offset" bigint not null,
  -- Place in the frame, and in the array that the message held; -1: the message as a whole.
  position int not null,
  element int not null,
  device text not null,
  publisher text not null,
  codec text not null,
  received_at timestamptz not null,
  reason text not null,
  details text not null,
  payload bytea not null,
  at timestamptz not null default now(),
  -- Set by a replay: what it became. The raw bytes stay.
  replayed_at timestamptz,
  replayed_as text,
  unique (topic, cluster_id, partition, "offset", position, element)
);
create index dead_letter_at on dead_letter (at);
create index dead_letter_open on dead_letter (reason, id) where replayed_at is null;

-- Announcements, written with their cause and relayed to Kafka afterwards.
create table outbox (
  id bigint generated always as identity primary key,
  topic text not null,
  partition int not null,
  key text not null,
  payload text not null,
  at timestamptz not null default now(),
  sent_at timestamptz
);
create index outbox_unsent on outbox (id) where sent_at is null;
create index outbox_sent on outbox (sent_at) where sent_at is not null;

-- Which times of which channels (null: all) have new rows since the aggregates were made.
create table invalidation (
  id bigint generated always as identity primary key,
  -- Which aggregates: 1 for minutes, up to 5 for days; recomputing one level notes the next.
  level smallint not null default 1,
  from_at timestamptz not null,
  to_at timestamptz not null,
  channel_ids int[],
  at timestamptz not null default now()
);

-- What must happen at a time, whatever is down when that time comes.
create table timer (
  id bigint generated always as identity primary key,
  name text not null,
  key text not null,
  due_at timestamptz not null,
  payload jsonb not null default '{}',
  unique (name, key)
);
create index timer_due on timer (due_at);

-- Names that rows hold as numbers: who published, and each channel of each device.
create table publisher (
  id int generated always as identity primary key,
  name text not null unique
);

create table channel (
  id int generated always as identity primary key,
  device text not null,
  channel text not null,
  -- Which of the device's channels this is: the limit per device is a constraint, not a hope.
  ordinal smallint not null check (ordinal between 0 and 63),
  unique (device, channel),
  unique (device, ordinal)
);
