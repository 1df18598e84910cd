-- One row per window and rank bucket: what its members returned.
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
from {{ ref('int_members_weekly') }}
where rank_bucket is not null
group by week_start, window_id, rank_bucket
