-- One row per window, rank bucket and horizon: how closely the bucket's members moved together.
with members as (
    select week_start, window_id, rank_bucket
    from {{ ref('core_members_weekly') }}
    where rank_bucket is not null
    group by week_start, window_id, rank_bucket
    union all
    select week_start, window_id, 'all' as rank_bucket
    from {{ ref('core_members_weekly') }}
    where rank_bucket is not null
    group by week_start, window_id
),

horizons as (
    select week_start, window_id, horizon, n_hours
    from {{ ref('int_correlation_blocks') }}
    where block_number = 1
),

estimates as (
    select * from {{ ref('int_correlation_estimates') }} where group_kind = 'bucket'
),

known_estimates as (
    select *
    from estimates
    where n_assets >= {{ least_correlation_assets() }}
        and n_hours >= {{ least_correlation_hours() }}
),

intervals as (
    select
        week_start,
        window_id,
        horizon,
        rank_bucket,
        {{ jackknife_half_width('average_pairwise_correlation', 'max(n_blocks)') }} as half_width
    from {{ ref('int_jackknife_correlations') }}
    group by week_start, window_id, horizon, rank_bucket
    having count(*) = max(n_blocks)
)

select
    members.week_start,
    members.window_id,
    members.rank_bucket,
    horizons.horizon,
    known_estimates.average_pairwise_correlation,
    known_estimates.average_pairwise_correlation_fisher,
    known_estimates.average_correlation_to_btc,
    known_estimates.average_pairwise_correlation - intervals.half_width as ci_low,
    known_estimates.average_pairwise_correlation + intervals.half_width as ci_high,
    known_estimates.volatility_adjusted_correlation,
    coalesce(estimates.n_assets, 0) as n_assets,
    horizons.n_hours as n_observations
from members
inner join horizons
    on horizons.week_start = members.week_start
    and horizons.window_id = members.window_id
left join estimates
    on estimates.week_start = members.week_start
    and estimates.window_id = members.window_id
    and estimates.horizon = horizons.horizon
    and estimates.member_group = members.rank_bucket
left join known_estimates
    on known_estimates.week_start = members.week_start
    and known_estimates.window_id = members.window_id
    and known_estimates.horizon = horizons.horizon
    and known_estimates.member_group = members.rank_bucket
left join intervals
    on intervals.week_start = members.week_start
    and intervals.window_id = members.window_id
    and intervals.horizon = horizons.horizon
    and intervals.rank_bucket = members.rank_bucket
