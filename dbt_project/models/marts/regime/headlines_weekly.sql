-- One row per week and headline metric with a value in it: where it stands, and since when it has not stood there.
with weeks as (
    select week_start
    from {{ ref('core_windows') }}
    where window_id = 'mon_mon'
),

metrics as (
    select *, case frequency when 'day' then 1 else 7 end as cadence_days
    from {{ ref('metrics') }}
    where is_headline
),

known_values as (
    select metric_id, value_date, value, n_members
    from {{ ref('metric_values') }}
    where value is not null
),

-- Sums in parallel differ in their last bits: what is equal but for those is equal, and on one side of its level.
observations as (
    select
        stated.metric_id,
        stated.value_date,
        round(stated.value, 9) as value,
        stated.n_members,
        metrics.level,
        metrics.cadence_days
    from known_values as stated
    inner join metrics on metrics.metric_id = stated.metric_id
),

{{ first_and_longest_since('observations', 'weeks') }},

-- Like for like, a history is carried back from its newest day; a week's figures are carried back from the week's own day, so that
-- what is learned later about later days does not move them.
own_terms as (
    select stated.metric_id, stated.value_date, actual.value / nullif(stated.value, 0) as factor
    from known_values as stated
    inner join metrics on metrics.metric_id = stated.metric_id
    inner join known_values as actual
        on actual.metric_id = metrics.like_for_like_of
        and actual.value_date = stated.value_date
)

select
    since.week_start,
    since.metric_id,
    round(since.value * coalesce(own_terms.factor, 1), 9) as value,
    metrics.unit,
    round(since.previous_value * coalesce(own_terms.factor, 1), 9) as previous_value,
    round((since.value - since.previous_value) * coalesce(own_terms.factor, 1), 9) as change,
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
inner join metrics on metrics.metric_id = since.metric_id
left join own_terms
    on own_terms.metric_id = since.metric_id
    and own_terms.value_date = since.value_date
