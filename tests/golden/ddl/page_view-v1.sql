CREATE TABLE IF NOT EXISTS `ugc`.`page_view`
(
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `duration_seconds` Nullable(Float64) COMMENT 'Seconds between start and end; null when the end never came.',
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion and so on.',
    `paired` Bool COMMENT 'Whether both the start and the end were seen.',
    `kafka_partition` Int32 COMMENT 'Where the row came from',
    `kafka_offset` Int64 COMMENT 'Where the row came from',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays',
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (`page_type`, toUInt128(event_id))
TTL toDateTime(timestamp) + INTERVAL 730 DAY
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'A page was viewed (contract page_view@1, owner ugc)';
