-- One row per asset and believable circulating supply: from when it was known to when a newer one was.
with provided as (
    select
        *,
        date_trunc('day', observed_at) as day
    from {{ ref('int_provider_rows') }}
    where circulating_supply > 0
),

reference_ranges as (
    select
        asset_id,
        date_trunc('day', price_at - interval '1 hour') as day,
        min(reference_price_usd) as low,
        max(reference_price_usd) as high
    from {{ ref('prices_hourly') }}
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
    inner join {{ ref('int_instruments') }} as instruments
        on instruments.asset_id = unreferenced.asset_id
        and instruments.quote in {{ dollar_quotes() }}
        and unreferenced.day >= date_trunc('day', instruments.valid_from)
        and unreferenced.day < instruments.valid_to
    inner join {{ ref('int_candles_hourly') }} as candles
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

believed as (
    select provided.*
    from provided
    left join ranges
        on ranges.asset_id = provided.asset_id
        and ranges.day = provided.day
    where ranges.day is null
        or provided.price_usd is null
        or {{ is_believable_price('provided.price_usd', 'ranges.low', 'ranges.high') }}
    -- Two ids of one coin at one moment: the one that most of its value is listed under.
    qualify row_number() over (
        partition by provided.asset_id, provided.known_at
        order by
            provided.circulating_supply * provided.price_usd desc nulls last,
            provided.provider,
            provided.provider_asset_id
    ) = 1
)

select
    asset_id,
    known_at,
    coalesce(lead(known_at) over (partition by asset_id order by known_at), {{ end_of_time() }}) as next_known_at,
    circulating_supply,
    price_usd as provider_price_usd,
    provider,
    provider_asset_id
from believed
