{{ config(materialized='incremental', meta={'time_column': 'week_start'}) }}
-- One row per window, horizon and asset of its complete panel: a member with a return in every hour that is not always 0.
-- Bitcoin is in it wherever it is complete, member or not: the others are held against it.
with complete as (
    select
        blocks.week_start,
        blocks.window_id,
        blocks.horizon,
        blocks.n_hours,
        returns.asset_id,
        sum(returns.sum_of_returns) as sum_of_returns,
        sum(returns.sum_of_squares) as sum_of_squares
    from {{ ref('int_correlation_blocks') }} as blocks
    inner join {{ ref('int_return_blocks') }} as returns
        on returns.starts_at = blocks.starts_at
        and returns.ends_at = blocks.ends_at
    where {{ within_reach('blocks.week_start') }}
        and {{ within_reach('returns.starts_at', days=31) }}
    group by blocks.week_start, blocks.window_id, blocks.horizon, blocks.n_hours, blocks.n_blocks, returns.asset_id
    having count(*) = blocks.n_blocks and sum(returns.sum_of_squares) > 0
)

select
    complete.week_start,
    complete.window_id,
    complete.horizon,
    complete.asset_id,
    members.rank_bucket,
    members.sector,
    complete.n_hours,
    complete.sum_of_returns,
    complete.sum_of_squares
from complete
left join {{ ref('core_members_weekly') }} as members
    on members.week_start = complete.week_start
    and members.window_id = complete.window_id
    and members.asset_id = complete.asset_id
where members.asset_id is not null or complete.asset_id = {{ bitcoin() }}
