{{ config(materialized='incremental', meta={'time_column': 'week_start'}) }}
-- One row per window, horizon, group of members and block left out (0: none): the mean correlation of the group's pairs.
--
-- Every pair's products are one dot product of the horizon's returns. With a block d left out, no pair is visited again. Let
-- u = 1/√(Σr² − (Σr)²/n) and x = u·Σr/√n of an asset without d, P the products over the whole horizon, r the returns of the
-- hours t of d. Then the correlations of all pairs add up to
--   ½·[Σ_{a≠b} P_ab·u_a·u_b − (Σ_t (Σ_a u_a·r_at)² − Σ_a u_a²·Σ_t r_at²) − ((Σ_a x_a)² − Σ_a x_a²)].
with placed as (
    select * from {{ ref('int_correlation_blocks') }} where {{ within_reach('week_start') }}
),

horizons as (
    select
        week_start,
        window_id,
        horizon,
        n_hours,
        n_blocks,
        horizon_starts_at,
        horizon_ends_at,
        row_number() over (order by week_start, window_id, horizon) as horizon_key
    from placed
    where block_number = 1
),

horizon_blocks as (
    select
        horizons.horizon_key,
        placed.block_number,
        placed.starts_at,
        placed.ends_at,
        horizons.n_hours - {{ hours_between('placed.starts_at', 'placed.ends_at') }} as n_hours_left
    from placed
    inner join horizons
        on horizons.week_start = placed.week_start
        and horizons.window_id = placed.window_id
        and horizons.horizon = placed.horizon
),

panel as (
    select
        horizons.horizon_key,
        panel.asset_id,
        row_number() over (partition by horizons.horizon_key order by panel.asset_id) as asset_number,
        panel.rank_bucket,
        panel.sector,
        cast(panel.n_hours as double) as n_hours,
        panel.sum_of_returns,
        panel.sum_of_squares
    from {{ ref('int_correlation_panel') }} as panel
    inner join horizons
        on horizons.week_start = panel.week_start
        and horizons.window_id = panel.window_id
        and horizons.horizon = panel.horizon
    where {{ within_reach('panel.week_start') }}
),

block_returns as (
    select
        horizon_blocks.horizon_key,
        horizon_blocks.block_number,
        horizon_blocks.n_hours_left,
        panel.asset_number,
        returns.log_returns,
        returns.sum_of_returns,
        returns.sum_of_squares
    from horizon_blocks
    inner join {{ ref('int_return_blocks') }} as returns
        on returns.starts_at = horizon_blocks.starts_at
        and returns.ends_at = horizon_blocks.ends_at
    inner join panel
        on panel.horizon_key = horizon_blocks.horizon_key
        and panel.asset_id = returns.asset_id
    where {{ within_reach('returns.starts_at', days=31) }}
),

horizon_returns as (
    select horizon_key, asset_number, {{ lists_in_order('log_returns', 'block_number') }} as log_returns
    from block_returns
    group by horizon_key, asset_number
),

members as (
    select
        panel.horizon_key,
        panel.asset_number,
        panel.asset_id = {{ bitcoin() }} as is_bitcoin,
        panel.rank_bucket,
        panel.sector,
        panel.n_hours,
        panel.sum_of_returns,
        panel.sum_of_squares,
        horizon_returns.log_returns
    from panel
    inner join horizon_returns
        on horizon_returns.horizon_key = panel.horizon_key
        and horizon_returns.asset_number = panel.asset_number
),

-- Every ranked asset with every other, all within a sector, and bitcoin with all.
{%- set products = dot_product('a.log_returns', 'b.log_returns') %}
pairs as (
    select
        a.horizon_key,
        a.asset_number as a,
        b.asset_number as b,
        a.rank_bucket as bucket_a,
        b.rank_bucket as bucket_b,
        case when a.sector = b.sector then a.sector end as sector,
        case when a.is_bitcoin then b.rank_bucket when b.is_bitcoin then a.rank_bucket end as bucket_beside_bitcoin,
        {{ products }} as products,
        {{ pearson('a.n_hours', 'a.sum_of_returns', 'b.sum_of_returns', 'a.sum_of_squares', 'b.sum_of_squares', products) }} as rho
    from members as a
    inner join members as b
        on b.horizon_key = a.horizon_key
        and b.asset_number > a.asset_number
    where (a.rank_bucket is not null and b.rank_bucket is not null)
        or a.sector = b.sector
        or a.is_bitcoin
        or b.is_bitcoin
),

-- How much rougher bitcoin was in the horizon than in the 26 weeks before it.
bitcoin_variances as (
    select
        horizons.horizon_key,
        var_samp(prices.log_return) filter (where prices.price_at > horizons.horizon_starts_at) as inside,
        var_samp(prices.log_return) filter (where prices.price_at <= horizons.horizon_starts_at) as before,
        count(prices.log_return) filter (where prices.price_at <= horizons.horizon_starts_at) as n_before
    from horizons
    inner join {{ ref('core_prices_hourly') }} as prices
        on prices.asset_id = {{ bitcoin() }}
        and prices.price_at > horizons.horizon_starts_at - interval '182 days'
        and prices.price_at <= horizons.horizon_ends_at
    -- 26 weeks before a horizon of 30 days that ends in the week.
    where {{ within_reach('prices.price_at', days=215) }}
    group by horizons.horizon_key
),

deltas as (
    select
        horizon_key,
        inside / before - 1e0 as delta
    from bitcoin_variances
    where n_before >= {{ least_hours_of_baseline() }}
),

grouped_pairs as (
    select horizon_key, 'bucket' as group_kind, bucket_a as member_group, rho
    from pairs where bucket_a = bucket_b
    union all
    select horizon_key, 'bucket' as group_kind, 'all' as member_group, rho
    from pairs where bucket_a is not null and bucket_b is not null
    union all
    select horizon_key, 'sector' as group_kind, sector as member_group, rho
    from pairs where sector is not null
),

full_estimates as (
    select
        grouped_pairs.horizon_key,
        grouped_pairs.group_kind,
        grouped_pairs.member_group,
        avg(grouped_pairs.rho) as average_pairwise_correlation,
        {{ fisher_mean('grouped_pairs.rho') }} as average_pairwise_correlation_fisher,
        avg({{ forbes_rigobon('grouped_pairs.rho', 'deltas.delta') }}) as volatility_adjusted_correlation
    from grouped_pairs
    left join deltas on deltas.horizon_key = grouped_pairs.horizon_key
    group by grouped_pairs.horizon_key, grouped_pairs.group_kind, grouped_pairs.member_group
),

beside_bitcoin as (
    select horizon_key, bucket_beside_bitcoin as member_group, avg(rho) as average_correlation_to_btc
    from pairs
    where bucket_beside_bitcoin is not null
    group by horizon_key, bucket_beside_bitcoin
    union all
    select horizon_key, 'all' as member_group, avg(rho) as average_correlation_to_btc
    from pairs
    where bucket_beside_bitcoin is not null
    group by horizon_key
),

-- A member without one block: u and x of above. One that only moved in that block has no correlation without it.
left_moments as (
    select
        members.horizon_key,
        members.rank_bucket,
        members.asset_number,
        block_returns.block_number,
        block_returns.n_hours_left,
        block_returns.log_returns,
        block_returns.sum_of_squares as squares_in_block,
        members.sum_of_returns - block_returns.sum_of_returns as sum_left,
        members.sum_of_squares - block_returns.sum_of_squares
            - (members.sum_of_returns - block_returns.sum_of_returns) * (members.sum_of_returns - block_returns.sum_of_returns)
            / block_returns.n_hours_left as squares_left,
        members.sum_of_squares as squares
    from panel as members
    inner join block_returns
        on block_returns.horizon_key = members.horizon_key
        and block_returns.asset_number = members.asset_number
    where members.rank_bucket is not null
),

left_members as (
    select
        horizon_key,
        rank_bucket,
        asset_number,
        block_number,
        log_returns,
        squares_in_block,
        case when squares_left > 1e-12 * squares then 1 else 0 end as moves,
        case when squares_left > 1e-12 * squares then 1e0 / sqrt(squares_left) else 0e0 end as u,
        case when squares_left > 1e-12 * squares then sum_left / sqrt(squares_left * n_hours_left) else 0e0 end as x
    from left_moments
),

-- The rows of P: an asset's products with the members of each bucket, by asset number.
product_rows as (
    select horizon_key, a as asset_number, bucket_b as rank_bucket, {{ list_in_order('products', 'b') }} as products
    from (
        select horizon_key, a, b, bucket_b, products from pairs where bucket_a is not null
        union all
        select horizon_key, b as a, a as b, bucket_a as bucket_b, products from pairs where bucket_b is not null
        union all
        select horizon_key, asset_number as a, asset_number as b, rank_bucket as bucket_b, 0e0 as products from panel
    ) as both_ways
    where bucket_b is not null
    group by horizon_key, a, bucket_b
),

vectors as (
    select horizon_key, block_number, rank_bucket, {{ list_in_order('u', 'asset_number') }} as u
    from left_members
    group by horizon_key, block_number, rank_bucket
),

-- What a bucket's members have in common with those of each bucket: the first sum of above.
left_products as (
    select
        left_members.horizon_key,
        left_members.block_number,
        left_members.rank_bucket,
        sum(left_members.u * {{ dot_product('product_rows.products', 'vectors.u') }})
            filter (where product_rows.rank_bucket = left_members.rank_bucket) as products,
        sum(left_members.u * {{ dot_product('product_rows.products', 'vectors.u') }}) as products_with_all
    from left_members
    inner join product_rows
        on product_rows.horizon_key = left_members.horizon_key
        and product_rows.asset_number = left_members.asset_number
    inner join vectors
        on vectors.horizon_key = left_members.horizon_key
        and vectors.block_number = left_members.block_number
        and vectors.rank_bucket = product_rows.rank_bucket
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

left_out_totals as (
    select
        left_sums.horizon_key,
        left_sums.block_number,
        left_sums.rank_bucket as member_group,
        left_sums.n_moving,
        left_products.products - (hours_of_bucket.squares - left_sums.squares_in_block)
            - (left_sums.sum_of_x * left_sums.sum_of_x - left_sums.squares_of_x) as twice_sum_of_rho
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
        'all' as member_group,
        sum(left_sums.n_moving) as n_moving,
        sum(left_products.products_with_all) - (max(hours_of_all.squares) - sum(left_sums.squares_in_block))
            - (sum(left_sums.sum_of_x) * sum(left_sums.sum_of_x) - sum(left_sums.squares_of_x)) as twice_sum_of_rho
    from left_sums
    inner join left_products
        on left_products.horizon_key = left_sums.horizon_key
        and left_products.block_number = left_sums.block_number
        and left_products.rank_bucket = left_sums.rank_bucket
    inner join hours_of_all
        on hours_of_all.horizon_key = left_sums.horizon_key
        and hours_of_all.block_number = left_sums.block_number
    group by left_sums.horizon_key, left_sums.block_number
),

left_out_estimates as (
    select
        horizon_key,
        block_number,
        member_group,
        twice_sum_of_rho / (n_moving * (n_moving - 1e0)) as average_pairwise_correlation
    from left_out_totals
    where n_moving >= {{ least_correlation_assets() }}
),

groups as (
    select horizon_key, 'bucket' as group_kind, rank_bucket as member_group, count(*) as n_assets
    from panel where rank_bucket is not null group by horizon_key, rank_bucket
    union all
    select horizon_key, 'bucket' as group_kind, 'all' as member_group, count(*) as n_assets
    from panel where rank_bucket is not null group by horizon_key
    union all
    select horizon_key, 'sector' as group_kind, sector as member_group, count(*) as n_assets
    from panel where sector is not null group by horizon_key, sector
),

estimates as (
    select
        groups.horizon_key,
        groups.group_kind,
        groups.member_group,
        0 as left_out_block,
        groups.n_assets,
        full_estimates.average_pairwise_correlation,
        full_estimates.average_pairwise_correlation_fisher,
        beside_bitcoin.average_correlation_to_btc,
        full_estimates.volatility_adjusted_correlation
    from groups
    left join full_estimates
        on full_estimates.horizon_key = groups.horizon_key
        and full_estimates.group_kind = groups.group_kind
        and full_estimates.member_group = groups.member_group
    left join beside_bitcoin
        on beside_bitcoin.horizon_key = groups.horizon_key
        and beside_bitcoin.member_group = groups.member_group
        and groups.group_kind = 'bucket'
    union all
    select
        groups.horizon_key,
        groups.group_kind,
        groups.member_group,
        left_out_estimates.block_number as left_out_block,
        groups.n_assets,
        left_out_estimates.average_pairwise_correlation,
        null as average_pairwise_correlation_fisher,
        null as average_correlation_to_btc,
        null as volatility_adjusted_correlation
    from left_out_estimates
    inner join groups
        on groups.horizon_key = left_out_estimates.horizon_key
        and groups.group_kind = 'bucket'
        and groups.member_group = left_out_estimates.member_group
)

select
    horizons.week_start,
    horizons.window_id,
    horizons.horizon,
    estimates.group_kind,
    estimates.member_group,
    cast(estimates.left_out_block as bigint) as left_out_block,
    estimates.n_assets,
    horizons.n_hours,
    horizons.n_blocks,
    estimates.average_pairwise_correlation,
    estimates.average_pairwise_correlation_fisher,
    estimates.average_correlation_to_btc,
    estimates.volatility_adjusted_correlation
from estimates
inner join horizons on horizons.horizon_key = estimates.horizon_key
