{{ config(pre_hook="{{ keep_previous_state() }}") }}
-- One row per coin of a provider, with the asset that it is. The seed says so; what it does not name is CoinGecko's own id,
-- or a CoinMarketCap coin whose symbol only one asset of the seed has and no other row of theirs claims.
with coins as (
    select provider, provider_asset_id, upper(symbol) as symbol, min(observed_at) as first_observed_at
    from {{ ref('core_provider_listings') }}
    group by provider, provider_asset_id, upper(symbol)
),

named as (
    select provider, provider_asset_id, asset_id
    from {{ ref('provider_assets') }}
),

unique_symbols as (
    select upper(symbol) as symbol, max(asset_id) as asset_id
    from {{ ref('assets') }}
    group by upper(symbol)
    having count(*) = 1
)

select
    coins.provider,
    coins.provider_asset_id,
    coalesce(
        max(named.asset_id),
        case when coins.provider = 'coingecko' then coins.provider_asset_id end,
        max(case when claimed.asset_id is null then unique_symbols.asset_id end),
        coins.provider || ':' || coins.provider_asset_id
    ) as asset_id,
    min(coins.symbol) as symbol,
    min(coins.first_observed_at) as first_observed_at
from coins
left join named
    on named.provider = coins.provider
    and named.provider_asset_id = coins.provider_asset_id
left join unique_symbols on unique_symbols.symbol = coins.symbol
left join named as claimed
    on claimed.provider = coins.provider
    and claimed.asset_id = unique_symbols.asset_id
group by coins.provider, coins.provider_asset_id
