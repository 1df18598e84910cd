{{ config(materialized='incremental', meta={'time_column': 'week_start'}) }}
-- One row per window, horizon and pair of assets of its complete panel: every ranked asset with every other, all within a sector,
-- and bitcoin with all. Bitcoin is held against the others whether or not it is eligible itself.
-- A pair's products over all hours are one dot product: no join of hours with hours.
with blocks as (
    select * from {{ recent(ref('int_correlation_blocks')) }} as blocks
),

returns as (
    select * from {{ recent(ref('int_return_blocks')) }} as returns
),

panel as (
    select * from {{ recent(ref('int_correlation_panel')) }} as panel
),

members as (
    select week_start, window_id, asset_id, rank_bucket, sector
    from {{ ref('core_members_weekly') }}
),

-- Lists are joined by number: names as keys would take most of the time.
correlated as (
    select
        panel.*,
        members.rank_bucket,
        members.sector,
        dense_rank() over (order by panel.week_start, panel.window_id, panel.horizon) as horizon_key,
        row_number() over (order by panel.week_start, panel.window_id, panel.horizon, panel.asset_id) as asset_key
    from panel
    left join members
        on members.week_start = panel.week_start
        and members.window_id = panel.window_id
        and members.asset_id = panel.asset_id
    where members.asset_id is not null or panel.asset_id = {{ bitcoin() }}
),

horizon_returns as (
    select correlated.asset_key, {{ lists_in_order('returns.log_returns', 'blocks.block_number') }} as log_returns
    from correlated
    inner join blocks
        on blocks.week_start = correlated.week_start
        and blocks.window_id = correlated.window_id
        and blocks.horizon = correlated.horizon
    inner join returns
        on returns.starts_at = blocks.starts_at
        and returns.ends_at = blocks.ends_at
        and returns.asset_id = correlated.asset_id
    group by correlated.asset_key
),

assets as (
    select
        correlated.*,
        correlated.asset_id = {{ bitcoin() }} as is_bitcoin,
        cast(correlated.n_hours as double) as n,
        horizon_returns.log_returns
    from correlated
    inner join horizon_returns on horizon_returns.asset_key = correlated.asset_key
)
{%- set products = dot_product('a.log_returns', 'b.log_returns') %}

select
    a.week_start,
    a.window_id,
    a.horizon,
    a.asset_id as asset_a,
    b.asset_id as asset_b,
    a.rank_bucket as rank_bucket_a,
    b.rank_bucket as rank_bucket_b,
    case when a.sector = b.sector then a.sector end as sector,
    {{ products }} as sum_of_products,
    {{ pearson('a.n', 'a.sum_of_returns', 'b.sum_of_returns', 'a.sum_of_squares', 'b.sum_of_squares', products) }} as correlation
from assets as a
inner join assets as b
    on b.horizon_key = a.horizon_key
    and b.asset_key > a.asset_key
where (a.rank_bucket is not null and b.rank_bucket is not null)
    or a.sector = b.sector
    or a.is_bitcoin
    or b.is_bitcoin
