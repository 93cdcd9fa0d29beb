CREATE DATABASE IF NOT EXISTS `ugc_shard` ON CLUSTER `main`;

CREATE DATABASE IF NOT EXISTS `ugc` ON CLUSTER `main`;

CREATE DATABASE IF NOT EXISTS `ugc_unique` ON CLUSTER `main`;

CREATE DATABASE IF NOT EXISTS `ugc_reports` ON CLUSTER `main`;

CREATE TABLE IF NOT EXISTS `ugc_shard`.`schema_migrations` ON CLUSTER `main`
(
    `id` UUID COMMENT 'One per step, or per contract version that was met',
    `object` String COMMENT 'Table or view that the step is about',
    `contract` String COMMENT 'Contract version that asks for it, as event@N; else empty',
    `contract_checksum` String COMMENT 'SHA-256 of what that contract says; else empty',
    `effect` LowCardinality(String) COMMENT 'What the step does to stored rows',
    `statement` String COMMENT 'The statement; empty where there was none to run',
    `checksum` String COMMENT 'SHA-256 of the statement',
    `state` LowCardinality(String) COMMENT 'begun or done',
    `begun_at` DateTime64(3, 'UTC') COMMENT 'When it was about to be run (UTC)',
    `ended_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was known to be done (UTC)',
    `applied_by` String COMMENT 'Program, machine and process',
    `version` UInt8 COMMENT '1 begun, 2 done; the highest stays'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/ugc_shard/schema_migrations', '{replica}', version)
PARTITION BY toYYYYMM(begun_at)
ORDER BY (`begun_at`, `id`)
SETTINGS replicated_deduplication_window = 1000
COMMENT 'Every step that ugc schema apply, or a start of the loader, took';

CREATE OR REPLACE TABLE `ugc`.`schema_migrations` ON CLUSTER `main`
(
    `id` UUID COMMENT 'One per step, or per contract version that was met',
    `object` String COMMENT 'Table or view that the step is about',
    `contract` String COMMENT 'Contract version that asks for it, as event@N; else empty',
    `contract_checksum` String COMMENT 'SHA-256 of what that contract says; else empty',
    `effect` LowCardinality(String) COMMENT 'What the step does to stored rows',
    `statement` String COMMENT 'The statement; empty where there was none to run',
    `checksum` String COMMENT 'SHA-256 of the statement',
    `state` LowCardinality(String) COMMENT 'begun or done',
    `begun_at` DateTime64(3, 'UTC') COMMENT 'When it was about to be run (UTC)',
    `ended_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was known to be done (UTC)',
    `applied_by` String COMMENT 'Program, machine and process',
    `version` UInt8 COMMENT '1 begun, 2 done; the highest stays'
)
ENGINE = Distributed('main', 'ugc_shard', 'schema_migrations', cityHash64(`id`))
COMMENT 'Every step that ugc schema apply, or a start of the loader, took [9c3b6f9917ce]';

CREATE TABLE IF NOT EXISTS `ugc_shard`.`erased_users` ON CLUSTER `main`
(
    `user_hash` FixedString(64) COMMENT 'SHA-256 of the user\'s id, in hexadecimal',
    `erased_at` DateTime64(3, 'UTC') COMMENT 'Events up to this time were erased (UTC)',
    `version` UInt64 COMMENT 'Milliseconds of erased_at; the highest stays',
    `epoch` DateTime64(3, 'UTC') COMMENT 'Always 1970: keeps every row in one partition'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/ugc_shard/erased_users', '{replica}', version)
PARTITION BY toYYYYMM(epoch)
ORDER BY (`user_hash`)
SETTINGS replicated_deduplication_window = 1000
COMMENT 'Who was erased, as hashes, so that loading again does not bring anything back';

CREATE OR REPLACE TABLE `ugc`.`erased_users` ON CLUSTER `main`
(
    `user_hash` FixedString(64) COMMENT 'SHA-256 of the user\'s id, in hexadecimal',
    `erased_at` DateTime64(3, 'UTC') COMMENT 'Events up to this time were erased (UTC)',
    `version` UInt64 COMMENT 'Milliseconds of erased_at; the highest stays',
    `epoch` DateTime64(3, 'UTC') COMMENT 'Always 1970: keeps every row in one partition'
)
ENGINE = Distributed('main', 'ugc_shard', 'erased_users', cityHash64(`user_hash`))
COMMENT 'Who was erased, as hashes, so that loading again does not bring anything back [3746c56d4705]';

CREATE TABLE IF NOT EXISTS `ugc_shard`.`etl_runs` ON CLUSTER `main`
(
    `run_id` UUID COMMENT 'One per run',
    `version` UInt32 COMMENT 'Of rows with one run_id the highest stays',
    `outcome` LowCardinality(String) COMMENT 'How the run ended',
    `started_at` DateTime64(3, 'UTC') COMMENT 'When it began (UTC)',
    `seconds` Float64 COMMENT 'How long it took',
    `balanced` Bool COMMENT 'Whether its books balance',
    `swept_to` Nullable(DateTime64(3, 'UTC')) COMMENT 'Starts due before this time were given up (UTC)',
    `missing` Nullable(Int64) COMMENT 'Producers\' numbers that did not come',
    `repeated` Nullable(Int64) COMMENT 'Producers\' numbers that came again',
    `topic_id` Nullable(UUID) COMMENT 'Whose offsets these are: the topic as it was made then',
    `partitions` Array(Int32) COMMENT 'Of each range of offsets: the partition',
    `from_offsets` Array(Int64) COMMENT 'Of each range: the first offset',
    `to_offsets` Array(Int64) COMMENT 'Of each range: the offset behind the last',
    `lag_partitions` Array(Int32) COMMENT 'Partitions with messages left',
    `lag_messages` Array(Int64) COMMENT 'How many in each of them',
    `events` Array(String) COMMENT 'Events that were read',
    `consumed` Array(Int64) COMMENT 'For each of events: messages read',
    `loaded` Array(Int64) COMMENT 'For each of events: messages that became rows',
    `taken` Array(Int64) COMMENT 'For each of events: halves of pairs taken in',
    `replayed` Array(Int64) COMMENT 'For each of events: halves that were known already',
    `duplicates` Array(Int64) COMMENT 'For each of events: repetitions of a client',
    `dead` Array(Int64) COMMENT 'For each of events: dead letters',
    `unstamped` Array(Int64) COMMENT 'For each of events: messages without a producer\'s number',
    `derived` Array(String) COMMENT 'Events that are made of pairs',
    `paired` Array(Int64) COMMENT 'For each of derived: pairs made',
    `late` Array(Int64) COMMENT 'For each of derived: pairs made after they had been given up',
    `unpaired` Array(Int64) COMMENT 'For each of derived: starts without an end',
    `orphan_ends` Array(Int64) COMMENT 'For each of derived: ends without a start',
    `skewed` Array(Int64) COMMENT 'For each of derived: pairs whose end was before their start, or too long after it',
    `rebuilt` Array(Int64) COMMENT 'For each of derived: halves read again after a loss of Redis',
    `open_views` Array(Int64) COMMENT 'For each of derived: starts that wait',
    `ends_waiting` Array(Int64) COMMENT 'For each of derived: ends that wait'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/ugc_shard/etl_runs', '{replica}', version)
PARTITION BY toYYYYMM(started_at)
ORDER BY (`started_at`, `run_id`)
TTL toDateTime(started_at) + INTERVAL 400 DAY
SETTINGS replicated_deduplication_window = 1000
COMMENT 'What each run of the loader did; see docs/operations.md';

CREATE OR REPLACE TABLE `ugc`.`etl_runs` ON CLUSTER `main`
(
    `run_id` UUID COMMENT 'One per run',
    `version` UInt32 COMMENT 'Of rows with one run_id the highest stays',
    `outcome` LowCardinality(String) COMMENT 'How the run ended',
    `started_at` DateTime64(3, 'UTC') COMMENT 'When it began (UTC)',
    `seconds` Float64 COMMENT 'How long it took',
    `balanced` Bool COMMENT 'Whether its books balance',
    `swept_to` Nullable(DateTime64(3, 'UTC')) COMMENT 'Starts due before this time were given up (UTC)',
    `missing` Nullable(Int64) COMMENT 'Producers\' numbers that did not come',
    `repeated` Nullable(Int64) COMMENT 'Producers\' numbers that came again',
    `topic_id` Nullable(UUID) COMMENT 'Whose offsets these are: the topic as it was made then',
    `partitions` Array(Int32) COMMENT 'Of each range of offsets: the partition',
    `from_offsets` Array(Int64) COMMENT 'Of each range: the first offset',
    `to_offsets` Array(Int64) COMMENT 'Of each range: the offset behind the last',
    `lag_partitions` Array(Int32) COMMENT 'Partitions with messages left',
    `lag_messages` Array(Int64) COMMENT 'How many in each of them',
    `events` Array(String) COMMENT 'Events that were read',
    `consumed` Array(Int64) COMMENT 'For each of events: messages read',
    `loaded` Array(Int64) COMMENT 'For each of events: messages that became rows',
    `taken` Array(Int64) COMMENT 'For each of events: halves of pairs taken in',
    `replayed` Array(Int64) COMMENT 'For each of events: halves that were known already',
    `duplicates` Array(Int64) COMMENT 'For each of events: repetitions of a client',
    `dead` Array(Int64) COMMENT 'For each of events: dead letters',
    `unstamped` Array(Int64) COMMENT 'For each of events: messages without a producer\'s number',
    `derived` Array(String) COMMENT 'Events that are made of pairs',
    `paired` Array(Int64) COMMENT 'For each of derived: pairs made',
    `late` Array(Int64) COMMENT 'For each of derived: pairs made after they had been given up',
    `unpaired` Array(Int64) COMMENT 'For each of derived: starts without an end',
    `orphan_ends` Array(Int64) COMMENT 'For each of derived: ends without a start',
    `skewed` Array(Int64) COMMENT 'For each of derived: pairs whose end was before their start, or too long after it',
    `rebuilt` Array(Int64) COMMENT 'For each of derived: halves read again after a loss of Redis',
    `open_views` Array(Int64) COMMENT 'For each of derived: starts that wait',
    `ends_waiting` Array(Int64) COMMENT 'For each of derived: ends that wait'
)
ENGINE = Distributed('main', 'ugc_shard', 'etl_runs', cityHash64(`run_id`))
COMMENT 'What each run of the loader did; see docs/operations.md [5af9351f6060]';

CREATE TABLE IF NOT EXISTS `ugc_shard`.`element_click` ON CLUSTER `main`
(
    `event_id` UUID COMMENT 'One id per event' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'The user, or anonymous' CODEC(ZSTD(1)),
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)' CODEC(Delta(8), ZSTD(1)),
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for' CODEC(ZSTD(1)),
    `element_type` LowCardinality(String) COMMENT 'Kind of the element: movie, category, trailer and so on.' CODEC(ZSTD(1)),
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion and so on.' CODEC(ZSTD(1)),
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.' CODEC(ZSTD(1)),
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.' CODEC(ZSTD(1)),
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.' CODEC(ZSTD(1)),
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.' CODEC(ZSTD(1)),
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.' CODEC(ZSTD(1)),
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.' CODEC(ZSTD(1)),
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.' CODEC(ZSTD(1)),
    `context__referrer` Nullable(String) COMMENT 'The page before it.' CODEC(ZSTD(1)),
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.' CODEC(Delta(8), ZSTD(1)),
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.' CODEC(ZSTD(1)),
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.' CODEC(ZSTD(1)),
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.' CODEC(ZSTD(1)),
    `kafka_partition` Int32 COMMENT 'Partition that the row came from' CODEC(ZSTD(1)),
    `kafka_offset` Int64 COMMENT 'Offset in that partition' CODEC(Delta(8), ZSTD(1)),
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)' CODEC(Delta(8), ZSTD(1)),
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays' CODEC(ZSTD(1)),
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1,
    INDEX user_id_filter user_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/ugc_shard/element_click', '{replica}', row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (`page_type`, `element_type`, toUInt128(event_id))
TTL toDateTime(timestamp) + INTERVAL 730 DAY
SETTINGS replicated_deduplication_window = 1000
COMMENT 'Click on an interface element (contract element_click@1, owner ugc)';

CREATE OR REPLACE TABLE `ugc`.`element_click` ON CLUSTER `main`
(
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `element_type` LowCardinality(String) COMMENT 'Kind of the element: movie, category, trailer and so on.',
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion and so on.',
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.',
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.',
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.',
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.',
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.',
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.',
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.',
    `context__referrer` Nullable(String) COMMENT 'The page before it.',
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.',
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.',
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.',
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.',
    `kafka_partition` Int32 COMMENT 'Partition that the row came from',
    `kafka_offset` Int64 COMMENT 'Offset in that partition',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays'
)
ENGINE = Distributed('main', 'ugc_shard', 'element_click', cityHash64(`event_id`))
COMMENT 'Click on an interface element (contract element_click@1, owner ugc) [6414bf6f7f6d]';

CREATE TABLE IF NOT EXISTS `ugc_shard`.`page_view` ON CLUSTER `main`
(
    `event_id` UUID COMMENT 'One id per event' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'The user, or anonymous' CODEC(ZSTD(1)),
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)' CODEC(Delta(8), ZSTD(1)),
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for' CODEC(ZSTD(1)),
    `duration_seconds` Nullable(Float64) COMMENT 'Seconds between start and end; null when the end never came.' CODEC(ZSTD(1)),
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion and so on.' CODEC(ZSTD(1)),
    `paired` Bool COMMENT 'Whether both the start and the end were seen.' CODEC(ZSTD(1)),
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.' CODEC(ZSTD(1)),
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.' CODEC(ZSTD(1)),
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.' CODEC(ZSTD(1)),
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.' CODEC(ZSTD(1)),
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.' CODEC(ZSTD(1)),
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.' CODEC(ZSTD(1)),
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.' CODEC(ZSTD(1)),
    `context__referrer` Nullable(String) COMMENT 'The page before it.' CODEC(ZSTD(1)),
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.' CODEC(Delta(8), ZSTD(1)),
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.' CODEC(ZSTD(1)),
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.' CODEC(ZSTD(1)),
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.' CODEC(ZSTD(1)),
    `kafka_partition` Int32 COMMENT 'Partition that the row came from' CODEC(ZSTD(1)),
    `kafka_offset` Int64 COMMENT 'Offset in that partition' CODEC(Delta(8), ZSTD(1)),
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)' CODEC(Delta(8), ZSTD(1)),
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays' CODEC(ZSTD(1)),
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1,
    INDEX user_id_filter user_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/ugc_shard/page_view', '{replica}', row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (`page_type`, toUInt128(event_id))
TTL toDateTime(timestamp) + INTERVAL 730 DAY
SETTINGS replicated_deduplication_window = 1000
COMMENT 'A page was viewed (contract page_view@1, owner ugc)';

CREATE OR REPLACE TABLE `ugc`.`page_view` ON CLUSTER `main`
(
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `duration_seconds` Nullable(Float64) COMMENT 'Seconds between start and end; null when the end never came.',
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion and so on.',
    `paired` Bool COMMENT 'Whether both the start and the end were seen.',
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.',
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.',
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.',
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.',
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.',
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.',
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.',
    `context__referrer` Nullable(String) COMMENT 'The page before it.',
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.',
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.',
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.',
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.',
    `kafka_partition` Int32 COMMENT 'Partition that the row came from',
    `kafka_offset` Int64 COMMENT 'Offset in that partition',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays'
)
ENGINE = Distributed('main', 'ugc_shard', 'page_view', cityHash64(`event_id`))
COMMENT 'A page was viewed (contract page_view@1, owner ugc) [506e49159cbc]';

CREATE TABLE IF NOT EXISTS `ugc_shard`.`quality_change` ON CLUSTER `main`
(
    `event_id` UUID COMMENT 'One id per event' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'The user, or anonymous' CODEC(ZSTD(1)),
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)' CODEC(Delta(8), ZSTD(1)),
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for' CODEC(ZSTD(1)),
    `video_id` String COMMENT 'The video\'s id in the catalogue.' CODEC(ZSTD(1)),
    `old_quality` Int64 COMMENT 'Vertical resolution before the change, in pixels.' CODEC(ZSTD(1)),
    `new_quality` Int64 COMMENT 'Vertical resolution after the change, in pixels.' CODEC(ZSTD(1)),
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.' CODEC(ZSTD(1)),
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.' CODEC(ZSTD(1)),
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.' CODEC(ZSTD(1)),
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.' CODEC(ZSTD(1)),
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.' CODEC(ZSTD(1)),
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.' CODEC(ZSTD(1)),
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.' CODEC(ZSTD(1)),
    `context__referrer` Nullable(String) COMMENT 'The page before it.' CODEC(ZSTD(1)),
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.' CODEC(Delta(8), ZSTD(1)),
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.' CODEC(ZSTD(1)),
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.' CODEC(ZSTD(1)),
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.' CODEC(ZSTD(1)),
    `kafka_partition` Int32 COMMENT 'Partition that the row came from' CODEC(ZSTD(1)),
    `kafka_offset` Int64 COMMENT 'Offset in that partition' CODEC(Delta(8), ZSTD(1)),
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)' CODEC(Delta(8), ZSTD(1)),
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays' CODEC(ZSTD(1)),
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1,
    INDEX user_id_filter user_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/ugc_shard/quality_change', '{replica}', row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (`video_id`, toUInt128(event_id))
TTL toDateTime(timestamp) + INTERVAL 730 DAY
SETTINGS replicated_deduplication_window = 1000
COMMENT 'The video quality changed (contract quality_change@1, owner ugc)';

CREATE OR REPLACE TABLE `ugc`.`quality_change` ON CLUSTER `main`
(
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `video_id` String COMMENT 'The video\'s id in the catalogue.',
    `old_quality` Int64 COMMENT 'Vertical resolution before the change, in pixels.',
    `new_quality` Int64 COMMENT 'Vertical resolution after the change, in pixels.',
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.',
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.',
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.',
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.',
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.',
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.',
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.',
    `context__referrer` Nullable(String) COMMENT 'The page before it.',
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.',
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.',
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.',
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.',
    `kafka_partition` Int32 COMMENT 'Partition that the row came from',
    `kafka_offset` Int64 COMMENT 'Offset in that partition',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays'
)
ENGINE = Distributed('main', 'ugc_shard', 'quality_change', cityHash64(`event_id`))
COMMENT 'The video quality changed (contract quality_change@1, owner ugc) [dbd7a4848a47]';

CREATE TABLE IF NOT EXISTS `ugc_shard`.`search_filter` ON CLUSTER `main`
(
    `event_id` UUID COMMENT 'One id per event' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'The user, or anonymous' CODEC(ZSTD(1)),
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)' CODEC(Delta(8), ZSTD(1)),
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for' CODEC(ZSTD(1)),
    `search_query` String COMMENT 'What the user typed; empty when only filters were used.' CODEC(ZSTD(1)),
    `filters` String COMMENT 'The filters in use, as the front end writes them.' CODEC(ZSTD(1)),
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.' CODEC(ZSTD(1)),
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.' CODEC(ZSTD(1)),
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.' CODEC(ZSTD(1)),
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.' CODEC(ZSTD(1)),
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.' CODEC(ZSTD(1)),
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.' CODEC(ZSTD(1)),
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.' CODEC(ZSTD(1)),
    `context__referrer` Nullable(String) COMMENT 'The page before it.' CODEC(ZSTD(1)),
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.' CODEC(Delta(8), ZSTD(1)),
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.' CODEC(ZSTD(1)),
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.' CODEC(ZSTD(1)),
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.' CODEC(ZSTD(1)),
    `kafka_partition` Int32 COMMENT 'Partition that the row came from' CODEC(ZSTD(1)),
    `kafka_offset` Int64 COMMENT 'Offset in that partition' CODEC(Delta(8), ZSTD(1)),
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)' CODEC(Delta(8), ZSTD(1)),
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays' CODEC(ZSTD(1)),
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1,
    INDEX user_id_filter user_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/ugc_shard/search_filter', '{replica}', row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (toUInt128(event_id))
TTL toDateTime(timestamp) + INTERVAL 365 DAY
SETTINGS replicated_deduplication_window = 1000
COMMENT 'Search filters were used (contract search_filter@1, owner ugc)';

CREATE OR REPLACE TABLE `ugc`.`search_filter` ON CLUSTER `main`
(
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `search_query` String COMMENT 'What the user typed; empty when only filters were used.',
    `filters` String COMMENT 'The filters in use, as the front end writes them.',
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.',
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.',
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.',
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.',
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.',
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.',
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.',
    `context__referrer` Nullable(String) COMMENT 'The page before it.',
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.',
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.',
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.',
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.',
    `kafka_partition` Int32 COMMENT 'Partition that the row came from',
    `kafka_offset` Int64 COMMENT 'Offset in that partition',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays'
)
ENGINE = Distributed('main', 'ugc_shard', 'search_filter', cityHash64(`event_id`))
COMMENT 'Search filters were used (contract search_filter@1, owner ugc) [8f27a89b9cc0]';

CREATE TABLE IF NOT EXISTS `ugc_shard`.`video_complete` ON CLUSTER `main`
(
    `event_id` UUID COMMENT 'One id per event' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'The user, or anonymous' CODEC(ZSTD(1)),
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)' CODEC(Delta(8), ZSTD(1)),
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for' CODEC(ZSTD(1)),
    `video_id` String COMMENT 'The video\'s id in the catalogue.' CODEC(ZSTD(1)),
    `duration_total` Bool COMMENT 'Whether the whole length was played, without skipping.' CODEC(ZSTD(1)),
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.' CODEC(ZSTD(1)),
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.' CODEC(ZSTD(1)),
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.' CODEC(ZSTD(1)),
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.' CODEC(ZSTD(1)),
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.' CODEC(ZSTD(1)),
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.' CODEC(ZSTD(1)),
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.' CODEC(ZSTD(1)),
    `context__referrer` Nullable(String) COMMENT 'The page before it.' CODEC(ZSTD(1)),
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.' CODEC(Delta(8), ZSTD(1)),
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.' CODEC(ZSTD(1)),
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.' CODEC(ZSTD(1)),
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.' CODEC(ZSTD(1)),
    `kafka_partition` Int32 COMMENT 'Partition that the row came from' CODEC(ZSTD(1)),
    `kafka_offset` Int64 COMMENT 'Offset in that partition' CODEC(Delta(8), ZSTD(1)),
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)' CODEC(Delta(8), ZSTD(1)),
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays' CODEC(ZSTD(1)),
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1,
    INDEX user_id_filter user_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/ugc_shard/video_complete', '{replica}', row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (`video_id`, toUInt128(event_id))
TTL toDateTime(timestamp) + INTERVAL 730 DAY
SETTINGS replicated_deduplication_window = 1000
COMMENT 'A video was watched to the end (contract video_complete@1, owner ugc)';

CREATE OR REPLACE TABLE `ugc`.`video_complete` ON CLUSTER `main`
(
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `video_id` String COMMENT 'The video\'s id in the catalogue.',
    `duration_total` Bool COMMENT 'Whether the whole length was played, without skipping.',
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.',
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.',
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.',
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.',
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.',
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.',
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.',
    `context__referrer` Nullable(String) COMMENT 'The page before it.',
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.',
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.',
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.',
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.',
    `kafka_partition` Int32 COMMENT 'Partition that the row came from',
    `kafka_offset` Int64 COMMENT 'Offset in that partition',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays'
)
ENGINE = Distributed('main', 'ugc_shard', 'video_complete', cityHash64(`event_id`))
COMMENT 'A video was watched to the end (contract video_complete@1, owner ugc) [7cb517f0a208]';

CREATE OR REPLACE VIEW `ugc_unique`.`element_click` ON CLUSTER `main` (
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `element_type` LowCardinality(String) COMMENT 'Kind of the element: movie, category, trailer and so on.',
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion and so on.',
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.',
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.',
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.',
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.',
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.',
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.',
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.',
    `context__referrer` Nullable(String) COMMENT 'The page before it.',
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.',
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.',
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.',
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.',
    `kafka_partition` Int32 COMMENT 'Partition that the row came from',
    `kafka_offset` Int64 COMMENT 'Offset in that partition',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays'
) AS
SELECT
    `event_id`,
    `user_id`,
    `timestamp`,
    `contract_version`,
    `element_type`,
    `page_type`,
    `context__anonymous_id`,
    `context__session_id`,
    `context__application`,
    `context__platform`,
    `context__version`,
    `context__locale`,
    `context__page_url`,
    `context__referrer`,
    `context__occurred_at`,
    `context__sequence`,
    `context__clock`,
    `context__clock_skew_ms`,
    `kafka_partition`,
    `kafka_offset`,
    `loaded_at`,
    `row_version`
FROM `ugc`.`element_click` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 0
COMMENT 'Click on an interface element (contract element_click@1, owner ugc); without duplicates [2796de073b3e]';

CREATE OR REPLACE VIEW `ugc_unique`.`page_view` ON CLUSTER `main` (
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `duration_seconds` Nullable(Float64) COMMENT 'Seconds between start and end; null when the end never came.',
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion and so on.',
    `paired` Bool COMMENT 'Whether both the start and the end were seen.',
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.',
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.',
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.',
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.',
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.',
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.',
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.',
    `context__referrer` Nullable(String) COMMENT 'The page before it.',
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.',
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.',
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.',
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.',
    `kafka_partition` Int32 COMMENT 'Partition that the row came from',
    `kafka_offset` Int64 COMMENT 'Offset in that partition',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays'
) AS
SELECT
    `event_id`,
    `user_id`,
    `timestamp`,
    `contract_version`,
    `duration_seconds`,
    `page_type`,
    `paired`,
    `context__anonymous_id`,
    `context__session_id`,
    `context__application`,
    `context__platform`,
    `context__version`,
    `context__locale`,
    `context__page_url`,
    `context__referrer`,
    `context__occurred_at`,
    `context__sequence`,
    `context__clock`,
    `context__clock_skew_ms`,
    `kafka_partition`,
    `kafka_offset`,
    `loaded_at`,
    `row_version`
FROM `ugc`.`page_view` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 0
COMMENT 'A page was viewed (contract page_view@1, owner ugc); without duplicates [a14b6add9435]';

CREATE OR REPLACE VIEW `ugc_unique`.`quality_change` ON CLUSTER `main` (
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `video_id` String COMMENT 'The video\'s id in the catalogue.',
    `old_quality` Int64 COMMENT 'Vertical resolution before the change, in pixels.',
    `new_quality` Int64 COMMENT 'Vertical resolution after the change, in pixels.',
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.',
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.',
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.',
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.',
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.',
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.',
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.',
    `context__referrer` Nullable(String) COMMENT 'The page before it.',
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.',
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.',
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.',
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.',
    `kafka_partition` Int32 COMMENT 'Partition that the row came from',
    `kafka_offset` Int64 COMMENT 'Offset in that partition',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays'
) AS
SELECT
    `event_id`,
    `user_id`,
    `timestamp`,
    `contract_version`,
    `video_id`,
    `old_quality`,
    `new_quality`,
    `context__anonymous_id`,
    `context__session_id`,
    `context__application`,
    `context__platform`,
    `context__version`,
    `context__locale`,
    `context__page_url`,
    `context__referrer`,
    `context__occurred_at`,
    `context__sequence`,
    `context__clock`,
    `context__clock_skew_ms`,
    `kafka_partition`,
    `kafka_offset`,
    `loaded_at`,
    `row_version`
FROM `ugc`.`quality_change` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 0
COMMENT 'The video quality changed (contract quality_change@1, owner ugc); without duplicates [1b27ace71670]';

CREATE OR REPLACE VIEW `ugc_unique`.`search_filter` ON CLUSTER `main` (
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `search_query` String COMMENT 'What the user typed; empty when only filters were used.',
    `filters` String COMMENT 'The filters in use, as the front end writes them.',
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.',
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.',
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.',
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.',
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.',
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.',
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.',
    `context__referrer` Nullable(String) COMMENT 'The page before it.',
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.',
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.',
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.',
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.',
    `kafka_partition` Int32 COMMENT 'Partition that the row came from',
    `kafka_offset` Int64 COMMENT 'Offset in that partition',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays'
) AS
SELECT
    `event_id`,
    `user_id`,
    `timestamp`,
    `contract_version`,
    `search_query`,
    `filters`,
    `context__anonymous_id`,
    `context__session_id`,
    `context__application`,
    `context__platform`,
    `context__version`,
    `context__locale`,
    `context__page_url`,
    `context__referrer`,
    `context__occurred_at`,
    `context__sequence`,
    `context__clock`,
    `context__clock_skew_ms`,
    `kafka_partition`,
    `kafka_offset`,
    `loaded_at`,
    `row_version`
FROM `ugc`.`search_filter` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 0
COMMENT 'Search filters were used (contract search_filter@1, owner ugc); without duplicates [b3ee3670f2e1]';

CREATE OR REPLACE VIEW `ugc_unique`.`video_complete` ON CLUSTER `main` (
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `video_id` String COMMENT 'The video\'s id in the catalogue.',
    `duration_total` Bool COMMENT 'Whether the whole length was played, without skipping.',
    `context__anonymous_id` Nullable(String) COMMENT 'Made by the client and kept between visits; the same before and after signing in.',
    `context__session_id` Nullable(String) COMMENT 'Made by the client for each visit.',
    `context__application` LowCardinality(Nullable(String)) COMMENT 'Which of the front ends sends.',
    `context__platform` LowCardinality(Nullable(String)) COMMENT 'What it runs on.',
    `context__version` LowCardinality(Nullable(String)) COMMENT 'The application\'s version.',
    `context__locale` LowCardinality(Nullable(String)) COMMENT 'Language tag (BCP 47) of the interface.',
    `context__page_url` Nullable(String) COMMENT 'The page that is shown.',
    `context__referrer` Nullable(String) COMMENT 'The page before it.',
    `context__occurred_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it happened, by the client\'s clock; corrected where the request says sent_at.',
    `context__sequence` Nullable(Int64) COMMENT 'Counts the events of one installation at the client, so that losses show.',
    `context__clock` LowCardinality(Nullable(String)) COMMENT 'What occurred_at is: as_sent, corrected by sent_at, or bounded to the possible.',
    `context__clock_skew_ms` Nullable(Int64) COMMENT 'Milliseconds that the server\'s clock was ahead of sent_at.',
    `kafka_partition` Int32 COMMENT 'Partition that the row came from',
    `kafka_offset` Int64 COMMENT 'Offset in that partition',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays'
) AS
SELECT
    `event_id`,
    `user_id`,
    `timestamp`,
    `contract_version`,
    `video_id`,
    `duration_total`,
    `context__anonymous_id`,
    `context__session_id`,
    `context__application`,
    `context__platform`,
    `context__version`,
    `context__locale`,
    `context__page_url`,
    `context__referrer`,
    `context__occurred_at`,
    `context__sequence`,
    `context__clock`,
    `context__clock_skew_ms`,
    `kafka_partition`,
    `kafka_offset`,
    `loaded_at`,
    `row_version`
FROM `ugc`.`video_complete` FINAL
SETTINGS do_not_merge_across_partitions_select_final = 0
COMMENT 'A video was watched to the end (contract video_complete@1, owner ugc); without duplicates [9b80e6414f4b]';

CREATE OR REPLACE VIEW `ugc_reports`.`daily_active_users` ON CLUSTER `main` AS
SELECT toDate(timestamp) AS day, uniqExactIf(user_id, user_id NOT IN ('anonymous', 'erased')) AS users, count() AS events, countIf(user_id = 'anonymous') AS anonymous_events
FROM (
    SELECT timestamp, user_id FROM `ugc_unique`.`element_click`
    UNION ALL
    SELECT timestamp, user_id FROM `ugc_unique`.`page_view`
    UNION ALL
    SELECT timestamp, user_id FROM `ugc_unique`.`quality_change`
    UNION ALL
    SELECT timestamp, user_id FROM `ugc_unique`.`search_filter`
    UNION ALL
    SELECT timestamp, user_id FROM `ugc_unique`.`video_complete`
)
GROUP BY day
ORDER BY day
COMMENT 'Users seen on each day, over all events [3d339feebe3c]';

CREATE OR REPLACE VIEW `ugc_reports`.`page_view__duration_seconds` ON CLUSTER `main` AS
SELECT toDate(timestamp) AS day, `page_type`, count() AS events, uniqExactIf(user_id, user_id NOT IN ('anonymous', 'erased')) AS users, count(`duration_seconds`) AS ended, round(avg(`duration_seconds`), 3) AS mean_seconds, round(quantileExact(0.5)(`duration_seconds`), 3) AS median_seconds, round(quantileExact(0.9)(`duration_seconds`), 3) AS p90_seconds, round(sum(`duration_seconds`), 3) AS total_seconds
FROM `ugc_unique`.`page_view`
GROUP BY day, `page_type`
ORDER BY day, `page_type`
COMMENT 'Time between page_view_start and page_view_end [a0e736ad55b3]';

CREATE OR REPLACE VIEW `ugc_reports`.`page_view__paired` ON CLUSTER `main` AS
SELECT toDate(timestamp) AS day, `page_type`, count() AS events, uniqExactIf(user_id, user_id NOT IN ('anonymous', 'erased')) AS users, countIf(`paired`) AS yes, round(avg(`paired`), 4) AS share
FROM `ugc_unique`.`page_view`
GROUP BY day, `page_type`
ORDER BY day, `page_type`
COMMENT 'How often it was true: Whether both the start and the end were seen. [99376989a028]';

CREATE OR REPLACE VIEW `ugc_reports`.`search_filter__filters` ON CLUSTER `main` AS
SELECT toDate(timestamp) AS day, `filters`, count() AS events, uniqExactIf(user_id, user_id NOT IN ('anonymous', 'erased')) AS users
FROM `ugc_unique`.`search_filter`
GROUP BY day, `filters`
ORDER BY day, `filters`
COMMENT 'How often each value was used: The filters in use, as the front end writes them. [4ccf7fbd9f6f]';

CREATE OR REPLACE VIEW `ugc_reports`.`video_complete__duration_total` ON CLUSTER `main` AS
SELECT toDate(timestamp) AS day, `video_id`, count() AS events, uniqExactIf(user_id, user_id NOT IN ('anonymous', 'erased')) AS users, countIf(`duration_total`) AS yes, round(avg(`duration_total`), 4) AS share
FROM `ugc_unique`.`video_complete`
GROUP BY day, `video_id`
ORDER BY day, `video_id`
COMMENT 'How often it was true: Whether the whole length was played, without skipping. [f221e74f9b99]';
