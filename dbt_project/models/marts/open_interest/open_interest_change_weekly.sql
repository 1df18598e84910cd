{{ config(materialized='incremental', meta={'time_column': 'week_start'}) }}
with ranked as (
    select
        steps.*,
        windows.starts_at,
        windows.ends_at,
        {{ open_interest_bucket('steps.asset_id', 'members.rank') }} as own_bucket
    from {{ recent(ref('int_open_interest_steps')) }} as steps
    inner join {{ ref('core_windows') }} as windows
        on windows.week_start = steps.week_start
        and windows.window_id = steps.window_id
    left join {{ ref('core_members_weekly') }} as members
        on members.week_start = steps.week_start
        and members.window_id = steps.window_id
        and members.asset_id = steps.asset_id
),

bucketed as (
    select *, own_bucket as oi_bucket from ranked
    union all
    select *, 'all' as oi_bucket from ranked
),

summed as (
    select
        week_start,
        window_id,
        oi_bucket,
        sum(case when step_starts_at = starts_at then start_usd else 0 end) as start_usd,
        sum(case when step_ends_at = ends_at then end_usd else 0 end) as end_usd,
        sum(price_effect_usd) as price_effect_usd,
        sum(position_effect_usd) as position_effect_usd,
        sum(listing_effect_usd) as listing_effect_usd,
        sum(coverage_effect_usd) as coverage_effect_usd
    from bucketed
    group by week_start, window_id, oi_bucket
)

select
    week_start,
    window_id,
    oi_bucket,
    start_usd,
    end_usd,
    price_effect_usd,
    position_effect_usd,
    listing_effect_usd,
    coverage_effect_usd,
    end_usd - start_usd as change_usd
from summed
