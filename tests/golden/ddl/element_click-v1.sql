CREATE TABLE IF NOT EXISTS `ugc`.`element_click`
(
    `event_id` UUID COMMENT 'One id per event' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'The user, or anonymous' CODEC(ZSTD(1)),
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)' CODEC(Delta(8), ZSTD(1)),
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for' CODEC(ZSTD(1)),
    `element_type` LowCardinality(String) COMMENT 'Kind of the element: movie, category, trailer and so on.' CODEC(ZSTD(1)),
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion and so on.' CODEC(ZSTD(1)),
    `kafka_partition` Int32 COMMENT 'Partition that the row came from' CODEC(ZSTD(1)),
    `kafka_offset` Int64 COMMENT 'Offset in that partition' CODEC(Delta(8), ZSTD(1)),
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)' CODEC(Delta(8), ZSTD(1)),
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays' CODEC(ZSTD(1)),
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1,
    INDEX user_id_filter user_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (`page_type`, `element_type`, toUInt128(event_id))
TTL toDateTime(timestamp) + INTERVAL 730 DAY
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Click on an interface element (contract element_click@1, owner ugc)';
