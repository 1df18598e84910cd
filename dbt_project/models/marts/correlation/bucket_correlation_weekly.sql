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

full_estimates as (
    select *
    from estimates
    where left_out_block = 0
        and n_assets >= {{ least_correlation_assets() }}
        and n_hours >= {{ least_correlation_hours() }}
),

intervals as (
    select
        week_start,
        window_id,
        horizon,
        member_group,
        {{ jackknife_half_width('average_pairwise_correlation', 'max(n_blocks)') }} as half_width
    from estimates
    where left_out_block > 0
    group by week_start, window_id, horizon, member_group
    having count(average_pairwise_correlation) = max(n_blocks)
),

panel_sizes as (
    select week_start, window_id, horizon, member_group, n_assets
    from estimates
    where left_out_block = 0
)

select
    members.week_start,
    members.window_id,
    members.rank_bucket,
    horizons.horizon,
    full_estimates.average_pairwise_correlation,
    full_estimates.average_pairwise_correlation_fisher,
    full_estimates.average_correlation_to_btc,
    full_estimates.average_pairwise_correlation - intervals.half_width as ci_low,
    full_estimates.average_pairwise_correlation + intervals.half_width as ci_high,
    full_estimates.volatility_adjusted_correlation,
    coalesce(panel_sizes.n_assets, 0) as n_assets,
    horizons.n_hours as n_observations
from members
inner join horizons
    on horizons.week_start = members.week_start
    and horizons.window_id = members.window_id
left join panel_sizes
    on panel_sizes.week_start = members.week_start
    and panel_sizes.window_id = members.window_id
    and panel_sizes.horizon = horizons.horizon
    and panel_sizes.member_group = members.rank_bucket
left join full_estimates
    on full_estimates.week_start = members.week_start
    and full_estimates.window_id = members.window_id
    and full_estimates.horizon = horizons.horizon
    and full_estimates.member_group = members.rank_bucket
left join intervals
    on intervals.week_start = members.week_start
    and intervals.window_id = members.window_id
    and intervals.horizon = horizons.horizon
    and intervals.member_group = members.rank_bucket
