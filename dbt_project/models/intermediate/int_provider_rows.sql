-- One row per provider's row on a coin, with the asset that it is. The seed says so; what it does not name is CoinGecko's
-- own id, or a CoinMarketCap coin whose symbol only one asset of the seed has and no other row of theirs claims.
with coins as (
    select distinct provider, provider_asset_id, upper(symbol) as symbol
    from {{ ref('stg_market_caps') }}
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
),

identities as (
    select
        coins.provider,
        coins.provider_asset_id,
        coalesce(
            max(named.asset_id),
            case when coins.provider = 'coingecko' then coins.provider_asset_id end,
            max(case when claimed.asset_id is null then unique_symbols.asset_id end),
            coins.provider || ':' || coins.provider_asset_id
        ) as asset_id
    from coins
    left join named
        on named.provider = coins.provider
        and named.provider_asset_id = coins.provider_asset_id
    left join unique_symbols on unique_symbols.symbol = coins.symbol
    left join named as claimed
        on claimed.provider = coins.provider
        and claimed.asset_id = unique_symbols.asset_id
    group by coins.provider, coins.provider_asset_id
)

select
    rows.provider,
    rows.provider_asset_id,
    rows.observed_at,
    identities.asset_id,
    rows.symbol,
    -- CoinMarketCap's dated lists carry the close of their day.
    case
        when rows.provider = 'coinmarketcap' then date_trunc('day', rows.observed_at) + interval '1 day'
        else rows.observed_at
    end as known_at,
    rows.price_usd,
    rows.circulating_supply
from {{ ref('stg_market_caps') }} as rows
inner join identities
    on identities.provider = rows.provider
    and identities.provider_asset_id = rows.provider_asset_id
