-- One row per window and sector: what its eligible assets returned, whatever their rank.
with members as (
    select week_start, window_id, sector, asset_id, market_cap_usd, {{ return_or_unmoved('return_pct') }} as return_pct
    from {{ ref('universe_weekly') }}
    where is_eligible
        and return_missing_reason is null
        and sector is not null
),

contributions as (
    select
        *,
        abs(market_cap_usd * return_pct) as contribution,
        max(abs(market_cap_usd * return_pct)) over (partition by week_start, window_id, sector) as largest_contribution
    from members
),

sectors as (
    select
        week_start,
        window_id,
        sector,
        {{ cap_weighted('return_pct', 'market_cap_usd') }} as return_cap_weighted_pct,
        avg(return_pct) as return_equal_weighted_pct,
        median(return_pct) as return_median_pct,
        count(*) as n_assets,
        -- Where none has moved, or two alike, the first by name: the answer must not depend on the order of rows.
        min(case when contribution = largest_contribution then asset_id end) as top_contributor
    from contributions
    group by week_start, window_id, sector
),

top30 as (
    select
        windows.week_start,
        windows.window_id,
        {{ simple_return_pct('begins.level', 'ends.level') }} as return_pct
    from {{ ref('core_windows') }} as windows
    inner join {{ ref('index_levels_hourly') }} as begins
        on begins.index_id = 'top30'
        and begins.level_at = windows.starts_at
    inner join {{ ref('index_levels_hourly') }} as ends
        on ends.index_id = 'top30'
        and ends.level_at = windows.ends_at
),

compared as (
    select
        sectors.*,
        sectors.return_cap_weighted_pct - top30.return_pct as excess_over_top30_pct,
        sectors.n_assets >= {{ least_sector_members() }} as is_ranked
    from sectors
    left join top30
        on top30.week_start = sectors.week_start
        and top30.window_id = sectors.window_id
)

select
    week_start,
    window_id,
    sector,
    return_cap_weighted_pct,
    return_equal_weighted_pct,
    return_median_pct,
    excess_over_top30_pct,
    case when is_ranked then
        row_number() over (
            partition by week_start, window_id, is_ranked
            order by return_cap_weighted_pct desc, sector
        )
    end as rank,
    n_assets,
    top_contributor
from compared
