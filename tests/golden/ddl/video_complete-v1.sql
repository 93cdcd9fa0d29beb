CREATE TABLE IF NOT EXISTS `ugc`.`video_complete`
(
    `event_id` UUID COMMENT 'One id per event' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'The user, or anonymous' CODEC(ZSTD(1)),
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)' CODEC(Delta(8), ZSTD(1)),
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for' CODEC(ZSTD(1)),
    `video_id` String COMMENT 'The video\'s id in the catalogue.' CODEC(ZSTD(1)),
    `duration_total` Bool COMMENT 'Whether the whole length was played, without skipping.' CODEC(ZSTD(1)),
    `kafka_partition` Int32 COMMENT 'Partition that the row came from' CODEC(ZSTD(1)),
    `kafka_offset` Int64 COMMENT 'Offset in that partition' CODEC(Delta(8), ZSTD(1)),
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)' CODEC(Delta(8), ZSTD(1)),
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays' CODEC(ZSTD(1)),
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1,
    INDEX user_id_filter user_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (`video_id`, toUInt128(event_id))
TTL toDateTime(timestamp) + INTERVAL 730 DAY
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'A video was watched to the end (contract video_complete@1, owner ugc)';
