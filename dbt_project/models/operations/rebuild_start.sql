{{ config(materialized='table', post_hook="{{ forget_previous_states(['core_known_instruments', 'core_provider_assets', 'int_open_interest_symbols']) }}") }}
-- One row: from when on this build rewrites. What the loads touched (ingestion says so in the run's context), or earlier where
-- what an instrument or a coin stands for has changed since the last build, with the margin that loads have too.
{% set instrument = 'venue, market_type, venue_symbol, asset_id, quote, multiplier, is_inverse, is_listed, asset_class, is_premarket, valid_from, valid_to' %}
{% set coin = 'provider, provider_asset_id, asset_id' %}
{% set symbol = 'venue, venue_symbol, is_quarantined' %}
with instruments as (
    {{ differing(instrument, ref('core_known_instruments'), previous_state('core_known_instruments')) }}
),

coins as (
    {{ differing(coin, ref('core_provider_assets'), previous_state('core_provider_assets')) }}
),

open_interest_symbols as (
    {{ differing(symbol, ref('int_open_interest_symbols'), previous_state('int_open_interest_symbols')) }}
),

-- What has no facts yet changes nothing.
changes as (
    select greatest(instruments.valid_from, seen.first_seen_at) as changed_at
    from instruments
    inner join {{ symbols_seen() }} as seen
        on seen.venue = instruments.venue
        and seen.market_type = instruments.market_type
        and seen.venue_symbol = instruments.venue_symbol
    union all
    select assets.first_observed_at as changed_at
    from coins
    inner join {{ ref('core_provider_assets') }} as assets
        on assets.provider = coins.provider
        and assets.provider_asset_id = coins.provider_asset_id
    union all
    select seen.first_seen_at as changed_at
    from open_interest_symbols
    inner join {{ symbols_seen() }} as seen
        on seen.dataset = 'open_interest'
        and seen.venue = open_interest_symbols.venue
        and seen.venue_symbol = open_interest_symbols.venue_symbol
)

select
    least(
        max(run.rebuild_from),
        coalesce(date_trunc('week', min(changes.changed_at) - interval '{{ rebuild_margin_days() }} days'), max(run.rebuild_from))
    ) as rebuild_from
from {{ ref('run_context') }} as run
left join changes on true
