-- One row per week and headline metric with a value in it: where it stands, and since when it has not stood there.
with observations as (
    -- Sums in parallel differ in their last bits: what is equal but for those is equal, and on one side of its level.
    select stated.metric_id, stated.value_date, round(stated.value, 9) as value, metrics.level, metrics.cadence_days
    from {{ ref('int_headline_values') }} as stated
    inner join {{ ref('headline_metrics') }} as metrics on metrics.metric_id = stated.metric_id
),

weeks as (
    select week_start
    from {{ ref('int_windows') }}
    where window_id = 'mon_mon'
),

{{ first_and_longest_since('observations', 'weeks') }}

select
    since.week_start,
    since.metric_id,
    round(since.value * coalesce(stated.own_terms, 1), 9) as value,
    metrics.unit,
    round(since.previous_value * coalesce(stated.own_terms, 1), 9) as previous_value,
    round((since.value - since.previous_value) * coalesce(stated.own_terms, 1), 9) as change,
    since.percentile_365d,
    since.first_since_date,
    since.run_weeks,
    since.longest_run_since_date,
    since.value_date,
    since.run_began_on,
    metrics.name,
    metrics.section,
    cast(metrics.level as double) as level,
    cast(since.side as bigint) as side
from since
inner join {{ ref('headline_metrics') }} as metrics on metrics.metric_id = since.metric_id
-- In the terms of the week itself: what is learned later about later days does not move it.
inner join {{ ref('int_headline_values') }} as stated
    on stated.metric_id = since.metric_id
    and stated.value_date = since.value_date
