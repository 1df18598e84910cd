-- One row per provider's row on a coin, with the asset that it is. A view: an identity can change, the rows do not.
{{ config(materialized='view', meta={'time_column': 'observed_at'}) }}
select
    listings.provider,
    listings.provider_asset_id,
    listings.observed_at,
    assets.asset_id,
    listings.symbol,
    listings.known_at,
    listings.price_usd,
    listings.circulating_supply,
    listings.volume_24h_usd
from {{ ref('core_provider_listings') }} as listings
inner join {{ ref('core_provider_assets') }} as assets
    on assets.provider = listings.provider
    and assets.provider_asset_id = listings.provider_asset_id
