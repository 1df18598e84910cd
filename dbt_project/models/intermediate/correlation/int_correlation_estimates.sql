{{ config(materialized='incremental', meta={'time_column': 'week_start'}) }}
-- One row per window, horizon and group of members (a rank bucket, all ranks, a sector): the mean correlations of its pairs.
with panel as (
    select * from {{ recent(ref('int_correlation_panel')) }} as panel
),

members as (
    select week_start, window_id, asset_id, rank_bucket, sector
    from {{ ref('core_members_weekly') }}
),

pairs as (
    select * from {{ recent(ref('int_pair_correlations')) }} as pairs
),

variance_increases as (
    select * from {{ recent(ref('int_bitcoin_variance_increase')) }} as variance_increases
),

panel_members as (
    select panel.week_start, panel.window_id, panel.horizon, panel.n_hours, members.rank_bucket, members.sector
    from panel
    inner join members
        on members.week_start = panel.week_start
        and members.window_id = panel.window_id
        and members.asset_id = panel.asset_id
),

groups as (
    select week_start, window_id, horizon, n_hours, 'bucket' as group_kind, rank_bucket as member_group, count(*) as n_assets
    from panel_members where rank_bucket is not null
    group by week_start, window_id, horizon, n_hours, rank_bucket
    union all
    select week_start, window_id, horizon, n_hours, 'bucket' as group_kind, 'all' as member_group, count(*) as n_assets
    from panel_members where rank_bucket is not null
    group by week_start, window_id, horizon, n_hours
    union all
    select week_start, window_id, horizon, n_hours, 'sector' as group_kind, sector as member_group, count(*) as n_assets
    from panel_members where sector is not null
    group by week_start, window_id, horizon, n_hours, sector
),

grouped_pairs as (
    select week_start, window_id, horizon, 'bucket' as group_kind, rank_bucket_a as member_group, correlation
    from pairs where rank_bucket_a = rank_bucket_b
    union all
    select week_start, window_id, horizon, 'bucket' as group_kind, 'all' as member_group, correlation
    from pairs where rank_bucket_a is not null and rank_bucket_b is not null
    union all
    select week_start, window_id, horizon, 'sector' as group_kind, sector as member_group, correlation
    from pairs where sector is not null
),

means as (
    select
        grouped_pairs.week_start,
        grouped_pairs.window_id,
        grouped_pairs.horizon,
        grouped_pairs.group_kind,
        grouped_pairs.member_group,
        avg(grouped_pairs.correlation) as average_pairwise_correlation,
        {{ fisher_mean('grouped_pairs.correlation') }} as average_pairwise_correlation_fisher,
        avg({{ forbes_rigobon('grouped_pairs.correlation', 'variance_increases.variance_increase') }}) as volatility_adjusted_correlation
    from grouped_pairs
    left join variance_increases
        on variance_increases.week_start = grouped_pairs.week_start
        and variance_increases.window_id = grouped_pairs.window_id
        and variance_increases.horizon = grouped_pairs.horizon
    group by
        grouped_pairs.week_start, grouped_pairs.window_id, grouped_pairs.horizon, grouped_pairs.group_kind,
        grouped_pairs.member_group
),

beside_bitcoin as (
    select
        week_start,
        window_id,
        horizon,
        case when asset_a = {{ bitcoin() }} then rank_bucket_b else rank_bucket_a end as rank_bucket,
        correlation
    from pairs
    where asset_a = {{ bitcoin() }} or asset_b = {{ bitcoin() }}
),

means_with_bitcoin as (
    select week_start, window_id, horizon, rank_bucket as member_group, avg(correlation) as average_correlation_to_btc
    from beside_bitcoin where rank_bucket is not null
    group by week_start, window_id, horizon, rank_bucket
    union all
    select week_start, window_id, horizon, 'all' as member_group, avg(correlation) as average_correlation_to_btc
    from beside_bitcoin where rank_bucket is not null
    group by week_start, window_id, horizon
)

select
    groups.week_start,
    groups.window_id,
    groups.horizon,
    groups.group_kind,
    groups.member_group,
    groups.n_assets,
    groups.n_hours,
    means.average_pairwise_correlation,
    means.average_pairwise_correlation_fisher,
    means_with_bitcoin.average_correlation_to_btc,
    means.volatility_adjusted_correlation
from groups
left join means
    on means.week_start = groups.week_start
    and means.window_id = groups.window_id
    and means.horizon = groups.horizon
    and means.group_kind = groups.group_kind
    and means.member_group = groups.member_group
left join means_with_bitcoin
    on means_with_bitcoin.week_start = groups.week_start
    and means_with_bitcoin.window_id = groups.window_id
    and means_with_bitcoin.horizon = groups.horizon
    and means_with_bitcoin.member_group = groups.member_group
    and groups.group_kind = 'bucket'
