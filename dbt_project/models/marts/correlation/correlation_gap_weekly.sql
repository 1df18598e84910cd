-- One row per window and horizon: by how much the ten largest moved closer together than ranks 51 to 100 did.
with beside as (
    select
        week_start,
        window_id,
        horizon,
        max(n_hours) as n_hours,
        max(case when member_group = '1-10' then n_assets end) as n_top10,
        max(case when member_group = '51-100' then n_assets end) as n_tail,
        max(case when member_group = '1-10' then average_pairwise_correlation end)
            - max(case when member_group = '51-100' then average_pairwise_correlation end) as gap
    from {{ ref('int_correlation_estimates') }}
    where group_kind = 'bucket' and member_group in ('1-10', '51-100')
    group by week_start, window_id, horizon
),

gaps as (
    select *
    from beside
    where gap is not null
        and least(n_top10, n_tail) >= {{ least_correlation_assets() }}
        and n_hours >= {{ least_correlation_hours() }}
),

-- Both sides lose the same block: what moved them together does not count as a difference.
gaps_without_a_block as (
    select
        week_start,
        window_id,
        horizon,
        left_out_block,
        max(n_blocks) as n_blocks,
        max(case when rank_bucket = '1-10' then average_pairwise_correlation end)
            - max(case when rank_bucket = '51-100' then average_pairwise_correlation end) as gap
    from {{ ref('int_jackknife_correlations') }}
    where rank_bucket in ('1-10', '51-100')
    group by week_start, window_id, horizon, left_out_block
),

intervals as (
    select
        week_start,
        window_id,
        horizon,
        {{ jackknife_half_width('gap', 'max(n_blocks)') }} as half_width
    from gaps_without_a_block
    group by week_start, window_id, horizon
    having count(gap) = max(n_blocks)
)

select
    gaps.week_start,
    gaps.window_id,
    gaps.horizon,
    gaps.gap as top10_minus_tail,
    gaps.gap - intervals.half_width as ci_low,
    gaps.gap + intervals.half_width as ci_high,
    coalesce(abs(gaps.gap) > intervals.half_width, false)
        and least(gaps.n_top10, gaps.n_tail) >= {{ least_gap_assets() }} as is_significant,
    gaps.n_top10,
    gaps.n_tail,
    gaps.n_hours as n_observations
from gaps
left join intervals
    on intervals.week_start = gaps.week_start
    and intervals.window_id = gaps.window_id
    and intervals.horizon = gaps.horizon
