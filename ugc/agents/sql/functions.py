"""The functions that a query may call: none of them reads a table, a file or another server.

A list of what is allowed, since ClickHouse gets new functions with each release: table functions
(``file``, ``url``, ``remote``, ``merge``), ``dictGet``, ``joinGet`` and ``getSetting`` are none of
it.  Names are compared without regard to case.
"""

from __future__ import annotations

AGGREGATES = frozenset(
    """
    any anyLast argMax argMin avg avgWeighted corr count covarPop covarSamp entropy groupArray
    groupUniqArray kurtPop max median medianExact min quantile quantileExact quantileTDigest
    quantiles quantilesExact retention sequenceCount sequenceMatch simpleLinearRegression skewPop
    stddevPop stddevSamp sum sumMap topK uniq uniqCombined uniqExact uniqHLL12 varPop varSamp
    windowFunnel
    """.lower().split()
)
COMBINATORS = ("", "if", "array", "distinct", "ornull", "ordefault", "map")

_PLAIN = frozenset(
    """
    abs ceil ceiling exp exp2 exp10 floor greatest intDiv intDivOrZero least ln log log2 log10
    modulo pow power round roundBankers roundDown sign sqrt trunc truncate isFinite isNaN isInfinite
    and or not xor if multiIf coalesce ifNull nullIf isNull isNotNull assumeNotNull toNullable
    equals notEquals less greater lessOrEquals greaterOrEquals plus minus multiply divide negate
    in notIn empty notEmpty length lengthUTF8 lower upper lowerUTF8 upperUTF8
    concat concatWithSeparator
    substring substr substringUTF8 left right leftPad rightPad trim trimLeft trimRight trimBoth
    ltrim rtrim reverse reverseUTF8 replace replaceAll replaceOne replaceRegexpAll replaceRegexpOne
    position positionCaseInsensitive locate startsWith endsWith like ilike notLike notILike match
    extract extractAll splitByChar splitByString splitByRegexp arrayStringConcat format repeat
    countSubstrings multiSearchAny hasToken domain domainWithoutWWW path protocol queryString
    topLevelDomain cutQueryString decodeURLComponent extractURLParameter
    toString toInt8 toInt16 toInt32 toInt64 toInt128 toUInt8 toUInt16 toUInt32 toUInt64 toUInt128
    toFloat32 toFloat64 toDecimal32 toDecimal64 toDecimal128 toBool toUUID toInt64OrNull
    toInt32OrNull toUInt64OrNull toFloat64OrNull toDateOrNull toDateTimeOrNull toInt64OrZero
    toFloat64OrZero cast accurateCast accurateCastOrNull toTypeName reinterpretAsUInt64
    toDate toDate32 toDateTime toDateTime64 toTime toYear toQuarter toMonth toISOWeek toWeek
    toDayOfYear toDayOfMonth toDayOfWeek toHour toMinute toSecond toUnixTimestamp
    toUnixTimestamp64Milli fromUnixTimestamp fromUnixTimestamp64Milli toStartOfYear
    toStartOfQuarter toStartOfMonth toStartOfWeek toMonday toStartOfDay toStartOfHour
    toStartOfMinute toStartOfFiveMinutes toStartOfTenMinutes toStartOfFifteenMinutes
    toStartOfSecond toStartOfInterval toYYYYMM toYYYYMMDD toYYYYMMDDhhmmss toTimeZone
    toIntervalSecond toIntervalMinute toIntervalHour toIntervalDay toIntervalWeek toIntervalMonth
    toIntervalQuarter toIntervalYear date dateAdd date_add dateSub date_sub dateDiff date_diff
    dateName dateTrunc date_trunc addYears addMonths addWeeks addDays addHours addMinutes addSeconds
    subtractYears subtractMonths subtractWeeks subtractDays subtractHours subtractMinutes
    subtractSeconds formatDateTime parseDateTimeBestEffort parseDateTimeBestEffortOrNull now now64
    today yesterday timeSlot UUIDv7ToDateTime
    array arrayConcat arrayCount arrayCompact arrayCumSum arrayDifference arrayDistinct
    arrayElement arrayEnumerate arrayExists arrayAll arrayFilter arrayFirst
    arrayFirstIndex arrayFlatten
    arrayIntersect arrayJoin arrayLast arrayMap arrayMax arrayMin arrayAvg arraySum arrayPopBack
    arrayPopFront arrayPushBack arrayPushFront arrayReverse arrayReverseSort arraySlice arraySort
    arrayUniq arrayZip has hasAll hasAny indexOf countEqual range
    map mapContains mapKeys mapValues mapFilter mapApply tuple tupleElement untuple
    JSONExtract JSONExtractArrayRaw JSONExtractBool JSONExtractFloat JSONExtractInt JSONExtractKeys
    JSONExtractRaw JSONExtractString JSONExtractUInt JSONHas JSONLength JSONType isValidJSON
    simpleJSONExtractString simpleJSONExtractInt
    cityHash64 sipHash64 xxHash64 bitAnd bitOr bitXor bitShiftLeft bitShiftRight
    row_number rank dense_rank lag lead first_value last_value nth_value ntile lagInFrame
    leadInFrame runningDifference neighbor transform bar formatReadableSize
    formatReadableQuantity formatReadableTimeDelta identity ignore grouping
    """.lower().split()
)

WORDS_BEFORE_BRACKETS = frozenset(
    (
        *("ALL", "AND", "ANY", "ARRAY", "AS", "BETWEEN", "BY", "CASE", "CUBE", "DISTINCT"),
        *("ELSE", "EXCEPT", "EXISTS", "FILTER", "FROM", "GLOBAL", "HAVING", "ILIKE", "IN"),
        *("INTERSECT", "IS", "JOIN", "LIKE", "LIMIT", "NOT", "OFFSET", "ON", "OR", "OVER"),
        *("PREWHERE", "QUALIFY", "REPLACE", "ROLLUP", "SELECT", "SETS", "THEN", "UNION"),
        *("USING", "WHEN", "WHERE", "WITH"),
    )
)
"""Keywords behind which a bracket opens no call."""

_ALL = _PLAIN | {f"{name}{more}" for name in AGGREGATES for more in COMBINATORS}


def is_allowed(name: str) -> bool:
    """Whether a query may call it."""
    return name.lower() in _ALL
