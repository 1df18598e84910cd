{{ config(materialized='incremental', meta={'time_column': 'valued_at', 'look_back_days': 1}) }}
-- What each instrument's open interest is worth at each full hour: its latest observation, at most 8 h old.
-- What the observation does not give, USD or coins, comes from the reference price at that hour. It holds for 8 h: the look-back.
with observed as (
    select * from {{ recent(ref('stg_open_interest')) }} as observed
),

prices as (
    select * from {{ recent(ref('core_prices_hourly')) }} as prices
),

observations as (
    select
        observed.venue,
        observed.venue_symbol,
        observed.observed_at,
        observed.open_interest_usd,
        observed.open_interest_base,
        lead(observed.observed_at) over (
            partition by observed.venue, observed.venue_symbol order by observed.observed_at
        ) as next_observed_at
    from observed
    left join {{ refused('open_interest') }} as refused
        on refused.venue = observed.venue
        and refused.series = observed.venue_symbol
        and refused.event_at = observed.observed_at
    where refused.venue is null
        and (observed.open_interest_usd is not null or observed.open_interest_base is not null)
),

-- Valid from the observation itself to 8 h later, but not at or after the next observation.
valued as (
    select
        venue,
        venue_symbol,
        observed_at,
        open_interest_usd,
        open_interest_base,
        {{ each_hour(
            "date_trunc('hour', observed_at + interval '1 hour' - interval '1 microsecond')",
            "date_trunc('hour', least(observed_at + interval '8 hours', "
            ~ "coalesce(next_observed_at - interval '1 microsecond', observed_at + interval '8 hours')))"
        ) }} as valued_at
    from observations
),

identified as (
    select
        valued.venue,
        valued.venue_symbol,
        instruments.asset_id,
        instruments.is_inverse,
        valued.valued_at,
        valued.observed_at,
        valued.open_interest_usd,
        valued.open_interest_base * instruments.multiplier as open_interest_base
    from valued
    inner join {{ ref('core_instruments') }} as instruments
        on instruments.venue = valued.venue
        and instruments.venue_symbol = valued.venue_symbol
        and instruments.market_type = 'perp'
        and valued.observed_at >= instruments.valid_from
        and valued.observed_at < instruments.valid_to
),

priced as (
    select
        identified.*,
        coalesce(
            nullif(identified.open_interest_usd, 0) / nullif(identified.open_interest_base, 0),
            nullif(prices.reference_price_usd, 0)
        ) as price_usd
    from identified
    left join prices
        on prices.asset_id = identified.asset_id
        and prices.price_at = identified.valued_at
        and coalesce(identified.open_interest_usd * identified.open_interest_base, 0) = 0
)

select
    venue,
    venue_symbol,
    asset_id,
    is_inverse,
    valued_at,
    observed_at,
    coalesce(open_interest_usd, open_interest_base * price_usd) as open_interest_usd,
    coalesce(open_interest_usd / price_usd, open_interest_base) as open_interest_base,
    price_usd
from priced
where coalesce(open_interest_usd, open_interest_base * price_usd) is not null
