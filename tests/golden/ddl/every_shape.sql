CREATE TABLE IF NOT EXISTS `ugc`.`every_shape`
(
    `event_id` UUID COMMENT 'One id per event' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'The user, or anonymous' CODEC(ZSTD(1)),
    `timestamp` DateTime64(3, 'UTC') COMMENT 'When the event was accepted (UTC)' CODEC(Delta(8), ZSTD(1)),
    `contract_version` UInt32 COMMENT 'Contract version that the data was written for' CODEC(ZSTD(1)),
    `text` String COMMENT 'A field.' CODEC(ZSTD(1)),
    `choice` LowCardinality(String) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_text` Nullable(String) COMMENT 'A field.' CODEC(ZSTD(1)),
    `id` UUID COMMENT 'A field.' CODEC(ZSTD(1)),
    `at` DateTime64(6, 'UTC') COMMENT 'A field.' CODEC(Delta(8), ZSTD(1)),
    `day` Date32 COMMENT 'A field.' CODEC(ZSTD(1)),
    `count` Int64 COMMENT 'A field.' CODEC(ZSTD(1)),
    `ratio` Float64 COMMENT 'A field.' CODEC(ZSTD(1)),
    `flag` Bool COMMENT 'A field.' CODEC(ZSTD(1)),
    `tags` Array(String) COMMENT 'A field.' CODEC(ZSTD(1)),
    `matrix` Array(Array(Nullable(Int64))) COMMENT 'A field.' CODEC(ZSTD(1)),
    `labels` Map(String, Int64) COMMENT 'A field.' CODEC(ZSTD(1)),
    `device__os` String COMMENT 'A field.' CODEC(ZSTD(1)),
    `device__width` Nullable(Int64) COMMENT 'A field.' CODEC(ZSTD(1)),
    `seen` String COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_text_too` Nullable(String) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_choice_too` LowCardinality(Nullable(String)) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_maybe_text_too` Nullable(String) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_id_too` Nullable(UUID) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_at_too` Nullable(DateTime64(6, 'UTC')) COMMENT 'A field.' CODEC(Delta(8), ZSTD(1)),
    `maybe_day_too` Nullable(Date32) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_count_too` Nullable(Int64) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_ratio_too` Nullable(Float64) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_flag_too` Nullable(Bool) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_tags_too` Nullable(String) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_matrix_too` Nullable(String) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_labels_too` Nullable(String) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_device_too` Nullable(String) COMMENT 'A field.' CODEC(ZSTD(1)),
    `maybe_seen_too` Nullable(String) COMMENT 'A field.' CODEC(ZSTD(1)),
    `kafka_partition` Int32 COMMENT 'Partition that the row came from' CODEC(ZSTD(1)),
    `kafka_offset` Int64 COMMENT 'Offset in that partition' CODEC(Delta(8), ZSTD(1)),
    `loaded_at` DateTime64(3, 'UTC') COMMENT 'When the loader wrote the row (UTC)' CODEC(Delta(8), ZSTD(1)),
    `row_version` UInt8 COMMENT 'Of rows with one event_id the highest stays' CODEC(ZSTD(1)),
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1,
    INDEX user_id_filter user_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (toUInt128(event_id))
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every shape (contract every_shape@1, owner tests)';
