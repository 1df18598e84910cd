with weeks as (
    select week_start
    from {{ ref('core_windows') }}
    where window_id = 'mon_mon'
),

summed as (
    select
        week_start,
        dataset,
        venue,
        sum(received_rows) as received_rows,
        sum(quarantined_rows) as quarantined_rows,
        sum(coalesce(missing_rows, 0)) as missing_rows,
        bool_or(is_cadence_unknown) as has_unknown,
        min(first_missing_at) as first_missing_at,
        max(last_recorded_at) as last_recorded_at
    from {{ ref('int_coverage_weeks') }}
    group by week_start, dataset, venue
),

expected as (
    select *, received_rows + quarantined_rows + missing_rows as expected_rows
    from summed
)

select
    expected.week_start,
    expected.dataset,
    expected.venue,
    cast(nullif(expected.expected_rows, 0) as bigint) as expected_rows,
    cast(expected.received_rows as bigint) as received_rows,
    cast(expected.quarantined_rows as bigint) as quarantined_rows,
    case when expected.expected_rows > 0 then cast(expected.missing_rows as bigint) end as missing_rows,
    100 * expected.received_rows / cast(greatest(expected.expected_rows, 1) as double) as coverage_pct,
    expected.first_missing_at,
    expected.last_recorded_at,
    expected.has_unknown as is_cadence_unknown
from expected
inner join weeks on expected.week_start = weeks.week_start
where expected.expected_rows > 0 or expected.has_unknown
