{{ config(materialized='incremental', meta={'time_column': 'event_at'}) }}
-- Rows of providers whose price is not that of our closes on their own UTC day: another coin, or another multiplier.
with provided as (
    select
        *,
        date_trunc('day', observed_at) as day
    from {{ recent(ref('core_provider_rows')) }} as rows_provided
    where price_usd is not null
),

reference_ranges as (
    select
        asset_id,
        date_trunc('day', price_at - interval '1 hour') as day,
        min(reference_price_usd) as low,
        max(reference_price_usd) as high
    from {{ recent(ref('core_prices_hourly')) }} as prices
    where reference_price_usd is not null and not is_carried
    group by asset_id, date_trunc('day', price_at - interval '1 hour')
),

-- Before an asset has a reference instrument, the closes of all its instruments tell what it costs.
unreferenced as (
    select distinct provided.asset_id, provided.day
    from provided
    left join reference_ranges
        on reference_ranges.asset_id = provided.asset_id
        and reference_ranges.day = provided.day
    where reference_ranges.day is null
),

other_ranges as (
    select
        unreferenced.asset_id,
        unreferenced.day,
        min(candles.close / instruments.multiplier) as low,
        max(candles.close / instruments.multiplier) as high
    from unreferenced
    inner join {{ ref('core_instruments') }} as instruments
        on instruments.asset_id = unreferenced.asset_id
        and instruments.quote in {{ dollar_quotes() }}
        and unreferenced.day >= date_trunc('day', instruments.valid_from)
        and unreferenced.day < instruments.valid_to
    inner join {{ recent(ref('core_candles_hourly')) }} as candles
        on candles.venue = instruments.venue
        and candles.market_type = instruments.market_type
        and candles.venue_symbol = instruments.venue_symbol
        and date_trunc('day', candles.price_at - interval '1 hour') = unreferenced.day
    group by unreferenced.asset_id, unreferenced.day
),

ranges as (
    select * from reference_ranges
    union all
    select * from other_ranges
),

failures as (
    select
        'market_caps' as dataset,
        provided.provider as venue,
        cast(null as varchar) as market_type,
        provided.provider_asset_id as series,
        provided.observed_at as event_at,
        'provider_price_fits_ours' as rule,
        provided.price_usd / case when provided.price_usd > ranges.high then ranges.high else ranges.low end as value,
        cast(
            case when provided.price_usd > ranges.high then 1 + {{ provider_price_tolerance() }} else 1 - {{ provider_price_tolerance() }} end
            as double
        ) as bound,
        'its price is ' || round(provided.price_usd / (0.5 * (ranges.low + ranges.high)), 4)
            || ' of our closes on that day: another coin, or another multiplier' as reason,
        'row' as refuses
    from provided
    inner join ranges
        on ranges.asset_id = provided.asset_id
        and ranges.day = provided.day
    where not ({{ is_price_within('provided.price_usd', 'ranges.low', 'ranges.high') }})
)

{{ beside_releases('failures') }}
