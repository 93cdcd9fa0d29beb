CREATE TABLE IF NOT EXISTS `ugc`.`video_complete`
(
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `video_id` String COMMENT 'The video\'s id in the catalogue.',
    `duration_total` Bool COMMENT 'Whether the whole length was played, without skipping.',
    `kafka_partition` Int32 COMMENT 'Where the row came from',
    `kafka_offset` Int64 COMMENT 'Where the row came from',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays',
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (`video_id`, toUInt128(event_id))
TTL toDateTime(timestamp) + INTERVAL 730 DAY
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'A video was watched to the end (contract video_complete@1, owner ugc)';
