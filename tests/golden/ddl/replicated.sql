CREATE TABLE IF NOT EXISTS `ugc`.`page_view`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/ugc/page_view', '{replica}', row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (`page_type`, toUInt128(event_id))
TTL toDateTime(timestamp) + INTERVAL 730 DAY
SETTINGS replicated_deduplication_window = 1000
COMMENT 'A page was viewed (contract page_view@1, owner ugc)';

CREATE OR REPLACE VIEW `ugc_unique`.`page_view` (
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
