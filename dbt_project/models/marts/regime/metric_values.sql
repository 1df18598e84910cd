-- One row per metric of the seed `metrics` and day that it is of the end of; a weekly metric is of its week's Sunday.
-- A new metric is a row of the seed and a line of one of these two lists: the relation below that has it, its column, its rows.
{% set daily = [
    ('total_market_cap_usd', 'market_caps', 'total_market_cap_usd', none),
    ('total_ex_stablecoins_usd', 'market_caps', 'total_ex_stablecoins_usd', none),
    ('btc_price_usd', 'day_end_prices', 'reference_price_usd', "asset_id = 'bitcoin'"),
    ('eth_price_usd', 'day_end_prices', 'reference_price_usd', "asset_id = 'ethereum'"),
    ('top30_level', 'index_levels', 'level', "index_id = 'top30'"),
    ('btc_funding_annualised_pct', 'funding_days', 'funding_rate_annualised_pct', "asset_id = 'bitcoin'"),
    ('eth_funding_annualised_pct', 'funding_days', 'funding_rate_annualised_pct', "asset_id = 'ethereum'"),
    ('market_funding_annualised_pct', 'funding_days', 'funding_rate_annualised_pct', "asset_id = 'ALL'"),
    ('median_funding_annualised_pct', 'funding_days', 'median_across_assets_pct', "asset_id = 'ALL'"),
    ('share_of_open_interest_negative_pct', 'funding_days', 'share_of_open_interest_negative_pct', "asset_id = 'ALL'"),
    ('share_below_neutral_pct', 'funding_days', 'share_below_neutral_pct', "asset_id = 'ALL'"),
    ('open_interest_usd', 'open_interest', 'total_usd', none),
    ('open_interest_like_for_like_usd', 'open_interest', 'total_like_for_like_usd', none),
    ('open_interest_to_market_cap_pct', 'open_interest', 'to_market_cap_pct', none),
    ('btc_rv_7d_pct', 'volatilities', 'rv_7d_pct', "asset_id = 'bitcoin'"),
    ('btc_rv_7d_daily_pct', 'volatilities', 'rv_7d_daily_pct', "asset_id = 'bitcoin'"),
    ('btc_rv_30d_pct', 'volatilities', 'rv_30d_pct', "asset_id = 'bitcoin'"),
    ('btc_rv_7d_to_rv_30d', 'volatilities', 'rv_7d_to_rv_30d', "asset_id = 'bitcoin'"),
    ('eth_rv_7d_pct', 'volatilities', 'rv_7d_pct', "asset_id = 'ethereum'")
] %}
{% set weekly = [
    ('btc_weekly_funding_annualised_pct', 'funding_weeks', 'funding_rate_annualised_pct', "asset_id = 'bitcoin'"),
    ('market_weekly_funding_annualised_pct', 'funding_weeks', 'funding_rate_annualised_pct', "asset_id = 'ALL'"),
    ('median_weekly_funding_annualised_pct', 'funding_weeks', 'median_across_assets_pct', "asset_id = 'ALL'"),
    ('correlation_all_7d', 'correlations', 'average_pairwise_correlation', "rank_bucket = 'all'"),
    ('correlation_top10_7d', 'correlations', 'average_pairwise_correlation', "rank_bucket = '1-10'"),
    ('average_correlation_to_btc_7d', 'correlations', 'average_correlation_to_btc', "rank_bucket = 'all'"),
    ('correlation_gap_7d', 'correlation_gaps', 'top10_minus_tail', none),
    ('share_of_assets_negative_pct', 'breadth', 'share_of_assets_negative_pct', none),
    ('equal_weighted_return_pct', 'breadth', 'equal_weighted_return_pct', none),
    ('tail_return_pct', 'tail_returns', 'return_cap_weighted_pct', none),
    ('top30_return_pct', 'index_returns', 'return_pct', none),
    ('share_of_sectors_negative_pct', 'sectors', 'share_of_sectors_negative_pct', none),
    ('sector_dispersion_pp', 'sector_dispersions', 'dispersion_pp', none),
    ('open_interest_change_usd', 'open_interest_changes', 'change_usd', "oi_bucket = 'all'"),
    ('position_effect_usd', 'open_interest_changes', 'position_effect_usd', "oi_bucket = 'all'"),
    ('long_tail_position_effect_usd', 'open_interest_changes', 'position_effect_usd', "oi_bucket = 'long_tail'"),
    ('position_effect_sds', 'position_effects', 'position_effect_sds', none),
    ('spot_share_pct', 'volumes', 'spot_share_pct', none),
    ('spot_volume_vs_4w_pct', 'volumes', 'spot_volume_vs_4w_pct', none),
    ('holiday_adjusted_residual', 'volumes', 'holiday_adjusted_residual', none),
    ('spot_share_change_pp', 'spot_share_changes', 'spot_share_change_pp', none),
    ('crypto_asset_class_rank', 'crypto_ranks', 'rank', none),
    ('crypto_rank_share', 'crypto_ranks', 'rank_share', 'n_classes >= 2'),
    ('cut_probability_pct', 'macro', 'value_as_released', "series_id = 'FED_CUT_PROBABILITY'"),
    ('cut_probability_change_pp', 'macro', 'change', "series_id = 'FED_CUT_PROBABILITY' and change is not null"),
    ('us_10y_yield_pct', 'macro', 'value_as_released', "series_id = 'DGS10'"),
    ('usdjpy', 'macro', 'value_as_released', "series_id = 'USDJPY'"),
    ('dollar_index', 'macro', 'value_as_released', "series_id = 'DOLLAR_INDEX'"),
    ('dollar_change_pct', 'macro', '100 * change / previous_value', "series_id = 'DOLLAR_INDEX' and previous_value > 0"),
    ('unemployment_rate_pct', 'macro', 'value_as_released', "series_id = 'UNRATE'"),
    ('bear_curves', 'curves', 'bear_curves', none)
] %}

{# What a figure is over, where weeks of few members and of many do not compare. #}
{% set members = {
    'correlation_all_7d': 'n_assets',
    'correlation_top10_7d': 'n_assets',
    'average_correlation_to_btc_7d': 'n_assets',
    'correlation_gap_7d': 'n_top10 + n_tail',
    'share_of_assets_negative_pct': 'n_assets',
    'share_of_sectors_negative_pct': 'n_sectors',
    'sector_dispersion_pp': 'n_sectors'
} %}

with weeks as (
    select week_start, ends_at, cast(week_start + interval '6 days' as date) as last_date
    from {{ ref('core_windows') }}
    where window_id = 'mon_mon'
),

market_caps as (
    select *, cast(null as double) as coverage_pct
    from {{ ref('market_cap_daily') }}
),

day_end_prices as (
    select
        asset_id,
        price_at,
        cast(price_at - interval '24 hours' as date) as market_date,
        reference_price_usd,
        cast(null as double) as coverage_pct
    from {{ ref('prices_hourly') }}
    where price_at = date_trunc('day', price_at)
),

index_levels as (
    select *, cast(null as double) as coverage_pct
    from {{ ref('index_levels_daily') }}
),

funding_days as (
    select * from {{ ref('funding_daily') }}
),

funding_weeks as (
    select *
    from {{ ref('funding_weekly') }}
    where window_id = 'mon_mon'
),

open_interest as (
    select * from {{ ref('open_interest_market_daily') }}
),

volatilities as (
    select
        *,
        rv_7d_pct / nullif(rv_30d_pct, 0) as rv_7d_to_rv_30d,
        100e0 * n_observations / 168 as coverage_pct
    from {{ ref('realised_volatility_daily') }}
),

universe as (
    select *
    from {{ ref('universe_weekly') }}
    where window_id = 'mon_mon' and rank <= 100
),

bucket_returns as (
    select *
    from {{ ref('bucket_returns_weekly') }}
    where window_id = 'mon_mon'
),

sector_returns as (
    select *
    from {{ ref('sector_returns_weekly') }}
    where window_id = 'mon_mon' and n_assets >= {{ least_sector_members() }}
),

sector_dispersions as (
    select *, cast(null as double) as coverage_pct
    from {{ ref('sector_dispersion_weekly') }}
    where window_id = 'mon_mon'
),

index_returns as (
    select *, cast(null as double) as coverage_pct
    from {{ ref('index_returns_weekly') }}
    where window_id = 'mon_mon' and index_id = 'top30'
),

bucket_correlations as (
    select *
    from {{ ref('bucket_correlation_weekly') }}
    where window_id = 'mon_mon' and horizon = '7d'
),

correlation_gaps as (
    select *, cast(null as double) as coverage_pct
    from {{ ref('correlation_gap_weekly') }}
    where window_id = 'mon_mon' and horizon = '7d'
),

open_interest_changes as (
    select *, cast(null as double) as coverage_pct
    from {{ ref('open_interest_change_weekly') }}
    where window_id = 'mon_mon'
),

volumes as (
    select *
    from {{ ref('spot_perp_volume_weekly') }}
    where window_id = 'mon_mon'
),

asset_class_returns as (
    select * from {{ ref('asset_class_returns_weekly') }}
),

macro as (
    select *, cast(100 as double) as coverage_pct
    from {{ ref('macro_weekly') }}
    where not is_stale
),

-- Of the members of a week, ranks 1 to 100 at its start, the share whose price is still there at its end.
members as (
    select
        weeks.week_start,
        count(*) as n_members,
        100e0 * count(prices.reference_price_usd) / count(*) as coverage_pct
    from weeks
    inner join universe on universe.week_start = weeks.week_start
    left join day_end_prices as prices
        on prices.asset_id = universe.asset_id
        and prices.price_at = weeks.ends_at
    group by weeks.week_start
),

breadth as (
    select
        returns.week_start,
        sum(returns.share_negative_pct * returns.n_assets) / sum(returns.n_assets) as share_of_assets_negative_pct,
        sum(returns.return_equal_weighted_pct * returns.n_assets) / sum(returns.n_assets) as equal_weighted_return_pct,
        sum(returns.n_assets) as n_assets,
        max(members.coverage_pct) as coverage_pct
    from bucket_returns as returns
    left join members on members.week_start = returns.week_start
    group by returns.week_start
),

tail_returns as (
    select *, cast(null as double) as coverage_pct
    from bucket_returns
    where rank_bucket = '51-100'
),

sectors as (
    select
        returns.week_start,
        100e0 * avg(case when returns.return_cap_weighted_pct < 0 then 1e0 else 0e0 end) as share_of_sectors_negative_pct,
        count(*) as n_sectors,
        max(members.coverage_pct) as coverage_pct
    from sector_returns as returns
    left join members on members.week_start = returns.week_start
    group by returns.week_start
),

-- A bucket's share of the week's members is its coverage only where the bucket is all of them.
correlations as (
    select
        correlations.week_start,
        correlations.rank_bucket,
        correlations.average_pairwise_correlation,
        correlations.average_correlation_to_btc,
        correlations.n_assets,
        case when correlations.rank_bucket = 'all' then 100e0 * correlations.n_assets / members.n_members end as coverage_pct
    from bucket_correlations as correlations
    left join members on members.week_start = correlations.week_start
),

position_shares as (
    select week_start, position_effect_usd / nullif(start_usd, 0) as position_effect_share
    from open_interest_changes
    where oi_bucket = 'all'
),

-- In units of the standard deviation of the weeks before, so that a busy market does not look like a flight.
position_effects as (
    select
        this.week_start,
        case
            when count(earlier.position_effect_share) >= {{ least_weeks_of_history() }}
                then max(this.position_effect_share) / nullif(stddev_samp(earlier.position_effect_share), 0)
        end as position_effect_sds,
        max(open_interest.coverage_pct) as coverage_pct
    from position_shares as this
    inner join weeks on weeks.week_start = this.week_start
    inner join open_interest on open_interest.market_date = weeks.last_date
    left join position_shares as earlier
        on earlier.week_start < this.week_start
        and earlier.week_start >= this.week_start - interval '{{ history_span_weeks() }} weeks'
    group by this.week_start
),

-- Against the four weeks before, where all of them are known.
spot_share_changes as (
    select
        this.week_start,
        case
            when count(earlier.spot_share_pct) = 4 then max(this.spot_share_pct) - avg(earlier.spot_share_pct)
        end as spot_share_change_pp,
        max(this.coverage_pct) as coverage_pct
    from volumes as this
    left join volumes as earlier
        on earlier.week_start < this.week_start
        and earlier.week_start >= this.week_start - interval '28 days'
    group by this.week_start
),

-- 0 is the best class of the week, 1 the worst; the classes of the seed that have no data lower the coverage.
crypto_ranks as (
    select
        week_start,
        rank,
        n_classes,
        (rank - 1) / nullif(n_classes - 1e0, 0) as rank_share,
        100e0 * n_classes / (1 + (select count(distinct asset_class) from {{ ref('asset_classes') }})) as coverage_pct
    from asset_class_returns
    where asset_class = 'crypto'
),

-- Curves that sold off and moved, less those that rallied and moved.
curves as (
    select
        macro.week_start,
        sum(case when macro.label like 'bear%' then 1 when macro.label like 'bull%' then -1 else 0 end) as bear_curves,
        100e0 * count(macro.label) / (select count(*) from {{ ref('yield_curves') }}) as coverage_pct
    from macro
    inner join {{ ref('yield_curves') }} as curves on curves.curve_id = macro.series_id
    group by macro.week_start
),

stated as (
    {%- for metric_id, relation, column, rows in daily %}
    select
        '{{ metric_id }}' as metric_id,
        market_date as value_date,
        cast({{ column }} as double) as value,
        cast({{ members.get(metric_id, 'null') }} as bigint) as n_members,
        cast(1 as bigint) as chain_id,
        cast(coverage_pct as double) as coverage_pct
    from {{ relation }}
    {%- if rows %}
    where {{ rows }}
    {%- endif %}
    union all
    {%- endfor %}
    {%- for metric_id, relation, column, rows in weekly %}
    select
        '{{ metric_id }}',
        cast(week_start + interval '6 days' as date),
        cast({{ column }} as double),
        cast({{ members.get(metric_id, 'null') }} as bigint),
        1,
        cast(coverage_pct as double)
    from {{ relation }}
    {%- if rows %}
    where {{ rows }}
    {%- endif %}
    union all
    {%- endfor %}
    -- A venue that joins or fails does not move it, within a chain of days that have a venue in common.
    select
        'open_interest_to_market_cap_like_for_like',
        market_date,
        1e12 * like_for_like_index * to_market_cap_pct / total_usd,
        null,
        chain_id,
        coverage_pct
    from open_interest
)

select
    stated.metric_id,
    stated.value_date,
    stated.value,
    metrics.unit,
    stated.n_members,
    stated.chain_id,
    stated.coverage_pct,
    metrics.source_table
from stated
left join {{ ref('metrics') }} as metrics on metrics.metric_id = stated.metric_id
