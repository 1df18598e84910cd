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
    e.week_start,
    e.dataset,
    e.venue,
    nullif(e.expected_rows, 0)::bigint as expected_rows,
    e.received_rows::bigint as received_rows,
    e.quarantined_rows::bigint as quarantined_rows,
    case when e.expected_rows > 0 then e.missing_rows::bigint end as missing_rows,
    100 * e.received_rows / greatest(e.expected_rows, 1)::double as coverage_pct,
    e.first_missing_at,
    e.last_recorded_at,
    e.has_unknown as is_cadence_unknown
from expected e
inner join weeks w on e.week_start = w.week_start
where e.expected_rows > 0 or e.has_unknown
