{{ config(materialized='incremental', meta={'time_column': 'week_start'}) }}
with ranked as (
    select
        s.*,
        w.starts_at,
        w.ends_at,
        case
            when s.asset_id in ('bitcoin', 'ethereum') then 'majors'
            when u.rank <= 10 then 'large'
            when u.rank <= 50 then 'mid'
            else 'long_tail'
        end as own_bucket
    from {{ ref('int_open_interest_steps') }} s
    inner join {{ ref('core_windows') }} w on s.week_start = w.week_start and s.window_id = w.window_id
    left join {{ ref('universe_weekly') }} u
        on s.week_start = u.week_start and s.window_id = u.window_id and s.asset_id = u.asset_id
    where {{ within_reach('s.week_start') }}
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
