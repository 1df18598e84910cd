-- One row per window and rank bucket: what its members returned.
with members as (
    select week_start, window_id, rank_bucket, market_cap_usd, {{ return_or_unmoved('return_pct') }} as return_pct
    from {{ ref('universe_weekly') }}
    where is_eligible
        and return_missing_reason is null
        and rank_bucket is not null
)

select
    week_start,
    window_id,
    rank_bucket,
    {{ cap_weighted('return_pct', 'market_cap_usd') }} as return_cap_weighted_pct,
    avg(return_pct) as return_equal_weighted_pct,
    median(return_pct) as return_median_pct,
    -- A price that came back to where it was is not negative by the rounding of its hours.
    100e0 * avg(case when return_pct < -1e-9 then 1e0 else 0e0 end) as share_negative_pct,
    count(*) as n_assets
from members
group by week_start, window_id, rank_bucket
