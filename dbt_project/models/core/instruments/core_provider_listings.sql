{{ config(materialized='incremental', meta={'time_column': 'observed_at', 'rebuilt_since': 'run_context'}) }}
-- One row per provider's row on a coin, with when it was known; which asset it speaks of is core_provider_rows' to say.
select
    provider,
    provider_asset_id,
    observed_at,
    symbol,
    -- CoinMarketCap's dated lists carry the close of their day.
    case
        when provider = 'coinmarketcap' then date_trunc('day', observed_at) + interval '1 day'
        else observed_at
    end as known_at,
    price_usd,
    circulating_supply,
    volume_24h_usd
from {{ recent(ref('stg_market_caps')) }} as listings
