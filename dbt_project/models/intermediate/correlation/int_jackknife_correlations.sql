{{ config(materialized='incremental', meta={'time_column': 'week_start'}) }}
-- One row per window, horizon, rank bucket (or all ranks) and block left out: the mean correlation of its pairs without the block.
--
-- No pair is visited again. Without a block d, let u = 1/√(Σr² − (Σr)²/n) and x = u·Σr/√n of an asset, P the products over the
-- whole horizon, r the returns of the hours t of d. Then the correlations of all pairs add up to
--   ½·[Σ_{a≠b} P_ab·u_a·u_b − (Σ_t (Σ_a u_a·r_at)² − Σ_a u_a²·Σ_t r_at²) − ((Σ_a x_a)² − Σ_a x_a²)].
with blocks as (
    select * from {{ recent(ref('int_correlation_blocks')) }} as blocks
),

returns as (
    select * from {{ recent(ref('int_return_blocks')) }} as returns
),

panel as (
    select * from {{ recent(ref('int_correlation_panel')) }} as panel
),

pairs as (
    select *
    from {{ recent(ref('int_pair_correlations')) }} as pairs
    where rank_bucket_a is not null and rank_bucket_b is not null
),

ranked_members as (
    select week_start, window_id, asset_id, rank_bucket
    from {{ ref('core_members_weekly') }}
    where rank_bucket is not null
),

-- Horizons and assets by number: their names as keys would take most of the time.
horizons as (
    select week_start, window_id, horizon, n_hours, n_blocks, row_number() over (order by week_start, window_id, horizon) as horizon_key
    from blocks
    where block_number = 1
),

assets as (
    select asset_id, row_number() over (order by asset_id) as asset_key
    from (select distinct asset_id from panel) as panel_assets
),

members as (
    select horizons.horizon_key, assets.asset_key, panel.*, ranked_members.rank_bucket
    from panel
    inner join horizons
        on horizons.week_start = panel.week_start
        and horizons.window_id = panel.window_id
        and horizons.horizon = panel.horizon
    inner join assets on assets.asset_id = panel.asset_id
    inner join ranked_members
        on ranked_members.week_start = panel.week_start
        and ranked_members.window_id = panel.window_id
        and ranked_members.asset_id = panel.asset_id
),

-- A member without one block. One that only moved in that block has no correlation without it.
left_moments as (
    select
        members.horizon_key,
        members.asset_key,
        members.rank_bucket,
        blocks.block_number,
        members.n_hours - {{ hours_between('blocks.starts_at', 'blocks.ends_at') }} as n_hours_left,
        returns.log_returns,
        returns.sum_of_squares as squares_in_block,
        members.sum_of_returns - returns.sum_of_returns as sum_left,
        members.sum_of_squares - returns.sum_of_squares as raw_squares_left,
        members.sum_of_squares as squares
    from members
    inner join blocks
        on blocks.week_start = members.week_start
        and blocks.window_id = members.window_id
        and blocks.horizon = members.horizon
    inner join returns
        on returns.starts_at = blocks.starts_at
        and returns.ends_at = blocks.ends_at
        and returns.asset_id = members.asset_id
),

moving as (
    select
        *,
        raw_squares_left - sum_left * sum_left / n_hours_left as squares_left,
        raw_squares_left - sum_left * sum_left / n_hours_left > 1e-12 * squares as is_moving
    from left_moments
),

left_members as (
    select
        horizon_key,
        asset_key,
        rank_bucket,
        block_number,
        log_returns,
        squares_in_block,
        case when is_moving then 1 else 0 end as moves,
        case when is_moving then 1e0 / sqrt(squares_left) else 0e0 end as u,
        case when is_moving then sum_left / sqrt(squares_left * n_hours_left) else 0e0 end as x
    from moving
),

numbered_pairs as (
    select
        horizons.horizon_key,
        a.asset_key as a,
        b.asset_key as b,
        pairs.rank_bucket_a,
        pairs.rank_bucket_b,
        pairs.sum_of_products
    from pairs
    inner join horizons
        on horizons.week_start = pairs.week_start
        and horizons.window_id = pairs.window_id
        and horizons.horizon = pairs.horizon
    inner join assets as a on a.asset_id = pairs.asset_a
    inner join assets as b on b.asset_id = pairs.asset_b
),

-- P both ways; an asset with itself counts nothing.
products as (
    select horizon_key, a as asset_key, b as other_key, rank_bucket_b as rank_bucket, sum_of_products from numbered_pairs
    union all
    select horizon_key, b as asset_key, a as other_key, rank_bucket_a as rank_bucket, sum_of_products from numbered_pairs
    union all
    select horizon_key, asset_key, asset_key as other_key, rank_bucket, 0e0 as sum_of_products from members
),

-- The rows of P: an asset's products with the members of each bucket.
product_rows as (
    select horizon_key, asset_key, rank_bucket, {{ list_in_order('sum_of_products', 'other_key') }} as products
    from products
    group by horizon_key, asset_key, rank_bucket
),

vectors as (
    select horizon_key, block_number, rank_bucket, {{ list_in_order('u', 'asset_key') }} as u
    from left_members
    group by horizon_key, block_number, rank_bucket
),

-- What a bucket's members have in common with those of each bucket: the first sum above. Each has a row of products; it is a left
-- join that DuckDB may not reorder, or it would copy each row for every block.
left_products as (
    select
        left_members.horizon_key,
        left_members.block_number,
        left_members.rank_bucket,
        sum(left_members.u * {{ dot_product('product_rows.products', 'vectors.u') }})
            filter (where vectors.rank_bucket = left_members.rank_bucket) as products,
        sum(left_members.u * {{ dot_product('product_rows.products', 'vectors.u') }}) as products_with_all
    from left_members
    inner join vectors
        on vectors.horizon_key = left_members.horizon_key
        and vectors.block_number = left_members.block_number
    left join product_rows
        on product_rows.horizon_key = left_members.horizon_key
        and product_rows.asset_key = left_members.asset_key
        and product_rows.rank_bucket = vectors.rank_bucket
    group by left_members.horizon_key, left_members.block_number, left_members.rank_bucket
),

-- Sums over the members of a bucket, for itself; those of all are their sums.
left_sums as (
    select
        horizon_key,
        block_number,
        rank_bucket,
        sum(moves) as n_moving,
        sum(u * u * squares_in_block) as squares_in_block,
        sum(x) as sum_of_x,
        sum(x * x) as squares_of_x
    from left_members
    group by horizon_key, block_number, rank_bucket
),

scaled_hours as (
    {{ list_elements('left_members', ['horizon_key', 'block_number', 'rank_bucket', 'u'], 'log_returns', 'log_return', 'hour') }}
),

bucket_hours as (
    select horizon_key, block_number, rank_bucket, hour, sum(u * log_return) as scaled_return
    from scaled_hours
    group by horizon_key, block_number, rank_bucket, hour
),

hours_of_bucket as (
    select horizon_key, block_number, rank_bucket, sum(scaled_return * scaled_return) as squares
    from bucket_hours
    group by horizon_key, block_number, rank_bucket
),

hours_of_all as (
    select horizon_key, block_number, sum(scaled_return * scaled_return) as squares
    from (
        select horizon_key, block_number, hour, sum(scaled_return) as scaled_return
        from bucket_hours
        group by horizon_key, block_number, hour
    ) as all_hours
    group by horizon_key, block_number
),

totals as (
    select
        left_sums.horizon_key,
        left_sums.block_number,
        left_sums.rank_bucket,
        left_sums.n_moving,
        left_products.products - (hours_of_bucket.squares - left_sums.squares_in_block)
            - (left_sums.sum_of_x * left_sums.sum_of_x - left_sums.squares_of_x) as twice_sum_of_correlations
    from left_sums
    inner join left_products
        on left_products.horizon_key = left_sums.horizon_key
        and left_products.block_number = left_sums.block_number
        and left_products.rank_bucket = left_sums.rank_bucket
    inner join hours_of_bucket
        on hours_of_bucket.horizon_key = left_sums.horizon_key
        and hours_of_bucket.block_number = left_sums.block_number
        and hours_of_bucket.rank_bucket = left_sums.rank_bucket
    union all
    select
        left_sums.horizon_key,
        left_sums.block_number,
        'all' as rank_bucket,
        sum(left_sums.n_moving) as n_moving,
        sum(left_products.products_with_all) - (max(hours_of_all.squares) - sum(left_sums.squares_in_block))
            - (sum(left_sums.sum_of_x) * sum(left_sums.sum_of_x) - sum(left_sums.squares_of_x)) as twice_sum_of_correlations
    from left_sums
    inner join left_products
        on left_products.horizon_key = left_sums.horizon_key
        and left_products.block_number = left_sums.block_number
        and left_products.rank_bucket = left_sums.rank_bucket
    inner join hours_of_all
        on hours_of_all.horizon_key = left_sums.horizon_key
        and hours_of_all.block_number = left_sums.block_number
    group by left_sums.horizon_key, left_sums.block_number
)

select
    horizons.week_start,
    horizons.window_id,
    horizons.horizon,
    totals.rank_bucket,
    totals.block_number as left_out_block,
    horizons.n_blocks,
    totals.twice_sum_of_correlations / (totals.n_moving * (totals.n_moving - 1e0)) as average_pairwise_correlation
from totals
inner join horizons on horizons.horizon_key = totals.horizon_key
where totals.n_moving >= {{ least_correlation_assets() }}
