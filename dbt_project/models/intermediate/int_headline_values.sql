-- One row per headline metric and day (or last day of a week) for which it has a value.
with daily as (
    select 'total_market_cap_usd' as metric_id, market_date as value_date, total_market_cap_usd as value
    from {{ ref('market_cap_daily') }}
    union all
    select 'total_ex_stablecoins_usd', market_date, total_ex_stablecoins_usd
    from {{ ref('market_cap_daily') }}
    union all
    select
        case asset_id when 'bitcoin' then 'btc_price_usd' else 'eth_price_usd' end,
        cast(price_at - interval '24 hours' as date),
        reference_price_usd
    from {{ ref('prices_hourly') }}
    where asset_id in ('bitcoin', 'ethereum') and price_at = date_trunc('day', price_at)
    union all
    select 'top30_level', market_date, level
    from {{ ref('index_levels_daily') }}
    where index_id = 'top30'
    union all
    select
        case asset_id
            when 'bitcoin' then 'btc_funding_annualised_pct'
            when 'ethereum' then 'eth_funding_annualised_pct'
            else 'market_funding_annualised_pct'
        end,
        market_date,
        funding_rate_annualised_pct
    from {{ ref('funding_daily') }}
    where asset_id in ('bitcoin', 'ethereum', 'ALL')
    {%- for column in ['median_across_assets_pct', 'share_of_open_interest_negative_pct', 'share_below_neutral_pct'] %}
    union all
    select '{{ column | replace("median_across_assets_pct", "median_funding_annualised_pct") }}', market_date, {{ column }}
    from {{ ref('funding_daily') }}
    where asset_id = 'ALL'
    {%- endfor %}
    {%- for metric, column in [
        ('open_interest_usd', 'total_usd'),
        ('open_interest_like_for_like_usd', 'total_like_for_like_usd'),
        ('open_interest_to_market_cap_pct', 'to_market_cap_pct')
    ] %}
    union all
    select '{{ metric }}', market_date, {{ column }}
    from {{ ref('open_interest_market_daily') }}
    {%- endfor %}
    {%- for metric, asset, column in [
        ('btc_rv_7d_pct', 'bitcoin', 'rv_7d_pct'),
        ('btc_rv_7d_daily_pct', 'bitcoin', 'rv_7d_daily_pct'),
        ('btc_rv_30d_pct', 'bitcoin', 'rv_30d_pct'),
        ('eth_rv_7d_pct', 'ethereum', 'rv_7d_pct')
    ] %}
    union all
    select '{{ metric }}', market_date, {{ column }}
    from {{ ref('realised_volatility_daily') }}
    where asset_id = '{{ asset }}'
    {%- endfor %}
),

weekly as (
    {%- for metric, bucket in [('correlation_all_7d', 'all'), ('correlation_top10_7d', '1-10')] %}
    select '{{ metric }}' as metric_id, week_start, average_pairwise_correlation as value
    from {{ ref('bucket_correlation_weekly') }}
    where window_id = 'mon_mon' and horizon = '7d' and rank_bucket = '{{ bucket }}'
    union all
    {%- endfor %}
    select 'correlation_gap_7d', week_start, top10_minus_tail
    from {{ ref('correlation_gap_weekly') }}
    where window_id = 'mon_mon' and horizon = '7d'
    union all
    select 'sector_dispersion_pp', week_start, dispersion_pp
    from {{ ref('sector_dispersion_weekly') }}
    where window_id = 'mon_mon'
    union all
    select 'share_of_assets_negative_pct', week_start, sum(share_negative_pct * n_assets) / sum(n_assets)
    from {{ ref('bucket_returns_weekly') }}
    where window_id = 'mon_mon'
    group by week_start
    union all
    select 'tail_return_pct', week_start, return_cap_weighted_pct
    from {{ ref('bucket_returns_weekly') }}
    where window_id = 'mon_mon' and rank_bucket = '51-100'
    union all
    select 'top30_return_pct', week_start, return_pct
    from {{ ref('index_returns_weekly') }}
    where window_id = 'mon_mon' and index_id = 'top30'
    {%- for metric, bucket, column in [
        ('open_interest_change_usd', 'all', 'change_usd'),
        ('position_effect_usd', 'all', 'position_effect_usd'),
        ('long_tail_position_effect_usd', 'long_tail', 'position_effect_usd')
    ] %}
    union all
    select '{{ metric }}', week_start, {{ column }}
    from {{ ref('open_interest_change_weekly') }}
    where window_id = 'mon_mon' and oi_bucket = '{{ bucket }}'
    {%- endfor %}
    {%- for column in ['spot_share_pct', 'spot_volume_vs_4w_pct'] %}
    union all
    select '{{ column }}', week_start, {{ column }}
    from {{ ref('spot_perp_volume_weekly') }}
    where window_id = 'mon_mon'
    {%- endfor %}
    union all
    select 'crypto_asset_class_rank', week_start, rank
    from {{ ref('asset_class_returns_weekly') }}
    where asset_class = 'crypto'
    {%- for metric, series in [
        ('cut_probability_pct', 'FED_CUT_PROBABILITY'),
        ('us_10y_yield_pct', 'DGS10'),
        ('usdjpy', 'USDJPY'),
        ('dollar_index', 'DOLLAR_INDEX'),
        ('unemployment_rate_pct', 'UNRATE')
    ] %}
    union all
    select '{{ metric }}', week_start, value_as_released
    from {{ ref('macro_weekly') }}
    where series_id = '{{ series }}'
    {%- endfor %}
),

-- Like for like, open interest is carried back from the newest day there is; a week's figures are to be carried back from its own.
terms as (
    select market_date, total_usd / nullif(total_like_for_like_usd, 0) as own_terms
    from {{ ref('open_interest_market_daily') }}
)

select daily.metric_id, daily.value_date, cast(daily.value as double) as value, cast(coalesce(terms.own_terms, 1) as double) as own_terms
from daily
left join terms
    on daily.metric_id = 'open_interest_like_for_like_usd'
    and terms.market_date = daily.value_date
where daily.value is not null
union all
select metric_id, cast(week_start + interval '6 days' as date) as value_date, cast(value as double) as value, 1e0 as own_terms
from weekly
where value is not null
