{{ config(materialized='incremental', meta={'time_column': 'week_start'}) }}
-- One row per window, horizon and asset with a return in every hour of it that is not always 0: who can be correlated.
with blocks as (
    select * from {{ recent(ref('int_correlation_blocks')) }} as blocks
),

returns as (
    select * from {{ recent(ref('int_return_blocks')) }} as returns
)

select
    blocks.week_start,
    blocks.window_id,
    blocks.horizon,
    returns.asset_id,
    blocks.n_hours,
    sum(returns.sum_of_returns) as sum_of_returns,
    sum(returns.sum_of_squares) as sum_of_squares
from blocks
inner join returns
    on returns.starts_at = blocks.starts_at
    and returns.ends_at = blocks.ends_at
group by blocks.week_start, blocks.window_id, blocks.horizon, blocks.n_hours, blocks.n_blocks, returns.asset_id
having count(*) = blocks.n_blocks and sum(returns.sum_of_squares) > 0
