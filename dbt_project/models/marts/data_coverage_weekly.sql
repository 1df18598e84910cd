with weeks as (
    select week_start, starts_at, ends_at
    from {{ ref('int_windows') }}
    where window_id = 'mon_mon'
),

-- The due rows of a hole that fall into a week: its steps `first_step` to `last_step`.
holes_of_weeks as (
    select
        w.week_start,
        h.dataset,
        h.venue,
        h.after_at,
        h.step_hours,
        h.n_missing,
        greatest(floor({{ hours_between('h.after_at', 'w.starts_at') }} / h.step_hours) + 1, 1) as first_step,
        floor({{ hours_between('h.after_at', 'w.ends_at') }} / h.step_hours) as last_week_step
    from {{ ref('int_coverage_holes') }} h
    inner join weeks w on h.after_at < w.ends_at and h.ends_at > w.starts_at
),

due as (
    select
        week_start,
        dataset,
        venue,
        sum(case when n_missing is not null then least(last_week_step, n_missing) - first_step + 1 end) as due_rows,
        bool_or(n_missing is null) as has_unknown,
        min({{ add_minutes('after_at', '60 * step_hours * first_step') }}) as first_missing_at
    from holes_of_weeks
    where n_missing is null or least(last_week_step, n_missing) >= first_step
    group by week_start, dataset, venue
),

refused as (
    select
        date_trunc('week', event_at - interval '1 microsecond')::date as week_start,
        dataset,
        venue,
        count(*) as quarantined_rows,
        sum(case when is_in_series then 1 else 0 end) as in_series_rows
    from {{ ref('int_coverage_refused') }}
    group by 1, 2, 3
),

together as (
    select
        week_start,
        dataset,
        venue,
        received_rows,
        0 as quarantined_rows,
        0 as in_series_rows,
        0 as due_rows,
        false as has_unknown,
        null::timestamp as first_missing_at,
        last_recorded_at
    from {{ ref('int_coverage_received') }}
    union all
    select week_start, dataset, venue, 0, quarantined_rows, in_series_rows, 0, false, null, null
    from refused
    union all
    select week_start, dataset, venue, 0, 0, 0, coalesce(due_rows, 0), has_unknown, first_missing_at, null
    from due
),

summed as (
    select
        week_start,
        dataset,
        venue,
        sum(received_rows) as received_rows,
        sum(quarantined_rows) as quarantined_rows,
        -- A refused row leaves a hole where it would have been, unless its series has no accepted row at all.
        greatest(sum(due_rows), sum(in_series_rows)) + sum(quarantined_rows) - sum(in_series_rows) as due_rows,
        bool_or(has_unknown) as has_unknown,
        min(first_missing_at) as first_missing_at,
        max(last_recorded_at) as last_recorded_at
    from together
    group by week_start, dataset, venue
)

select
    s.week_start,
    s.dataset,
    s.venue,
    case when s.received_rows + s.due_rows > 0 then (s.received_rows + s.due_rows)::bigint end as expected_rows,
    s.received_rows::bigint as received_rows,
    s.quarantined_rows::bigint as quarantined_rows,
    case when s.received_rows + s.due_rows > 0 then (s.due_rows - s.quarantined_rows)::bigint end as missing_rows,
    100 * s.received_rows / greatest(s.received_rows + s.due_rows, 1)::double as coverage_pct,
    s.first_missing_at,
    s.last_recorded_at,
    s.has_unknown as is_cadence_unknown
from summed s
inner join weeks w on s.week_start = w.week_start
