CREATE TABLE IF NOT EXISTS `ugc`.`every_shape`
(
    `event_id` UUID COMMENT 'One id per event',
    `user_id` String COMMENT 'The user, or anonymous',
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted',
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for',
    `text` String COMMENT 'A field.',
    `choice` LowCardinality(String) COMMENT 'A field.',
    `maybe_text` Nullable(String) COMMENT 'A field.',
    `id` UUID COMMENT 'A field.',
    `at` DateTime64(6, 'UTC') COMMENT 'A field.',
    `day` Date32 COMMENT 'A field.',
    `count` Int64 COMMENT 'A field.',
    `ratio` Float64 COMMENT 'A field.',
    `flag` Bool COMMENT 'A field.',
    `tags` Array(String) COMMENT 'A field.',
    `matrix` Array(Array(Nullable(Int64))) COMMENT 'A field.',
    `labels` Map(String, Int64) COMMENT 'A field.',
    `device__os` String COMMENT 'A field.',
    `device__width` Nullable(Int64) COMMENT 'A field.',
    `seen` String COMMENT 'A field.',
    `maybe_text_too` Nullable(String) COMMENT 'A field.',
    `maybe_choice_too` LowCardinality(Nullable(String)) COMMENT 'A field.',
    `maybe_maybe_text_too` Nullable(String) COMMENT 'A field.',
    `maybe_id_too` Nullable(UUID) COMMENT 'A field.',
    `maybe_at_too` Nullable(DateTime64(6, 'UTC')) COMMENT 'A field.',
    `maybe_day_too` Nullable(Date32) COMMENT 'A field.',
    `maybe_count_too` Nullable(Int64) COMMENT 'A field.',
    `maybe_ratio_too` Nullable(Float64) COMMENT 'A field.',
    `maybe_flag_too` Nullable(Bool) COMMENT 'A field.',
    `maybe_tags_too` Nullable(String) COMMENT 'A field.',
    `maybe_matrix_too` Nullable(String) COMMENT 'A field.',
    `maybe_labels_too` Nullable(String) COMMENT 'A field.',
    `maybe_device_too` Nullable(String) COMMENT 'A field.',
    `maybe_seen_too` Nullable(String) COMMENT 'A field.',
    `kafka_partition` Int32 COMMENT 'Where the row came from',
    `kafka_offset` Int64 COMMENT 'Where the row came from',
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row',
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays',
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (toUInt128(event_id))
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every shape (contract every_shape@1, owner tests)';
