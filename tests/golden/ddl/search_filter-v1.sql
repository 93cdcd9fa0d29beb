CREATE TABLE IF NOT EXISTS `ugc`.`search_filter`
(
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `search_query` String COMMENT 'What the user typed; empty when only filters were used.',
    `filters` String COMMENT 'The filters in use, as the front end writes them.',
    `kafka_partition` Int32 COMMENT 'Where the row came from',
    `kafka_offset` Int64 COMMENT 'Where the row came from',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays',
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (toUInt128(event_id))
TTL toDateTime(timestamp) + INTERVAL 365 DAY
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Search filters were used (contract search_filter@1, owner ugc)';
