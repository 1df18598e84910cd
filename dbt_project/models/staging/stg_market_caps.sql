{{ config(meta={'time_column': 'observed_at'}) }}
select
    provider,
    provider_asset_id,
    observed_at,
    symbol,
    name,
    rank,
    price_usd,
    circulating_supply,
    market_cap_usd,
    volume_24h_usd,
    recorded_at,
    load_id
from {{ source('raw', 'market_caps') }}
where {{ known_at_as_of() }}
qualify {{ latest_version(['provider', 'provider_asset_id', 'observed_at']) }}
