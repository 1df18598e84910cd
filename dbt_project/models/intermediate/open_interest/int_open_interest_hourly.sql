{{ config(materialized='incremental', meta={'time_column': 'valued_at'}) }}
-- What each instrument's open interest is worth at each full hour: its latest observation, at most 8 h old.
-- What the observation does not give, USD or coins, comes from the reference price at that hour.
with observations as (
    select
        o.venue,
        o.venue_symbol,
        o.observed_at,
        o.open_interest_usd,
        o.open_interest_base,
        lead(o.observed_at) over (partition by o.venue, o.venue_symbol order by o.observed_at) as next_observed_at
    from {{ ref('stg_open_interest') }} o
    left join {{ refused('open_interest') }} as r
        on o.venue = r.venue and o.venue_symbol = r.series and o.observed_at = r.event_at
    -- An observation holds for 8 h.
    where {{ within_reach('o.observed_at', days=1) }}
        and r.venue is null
        and (o.open_interest_usd is not null or o.open_interest_base is not null)
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
        v.venue,
        v.venue_symbol,
        coalesce(i.asset_id, 'unmapped:' || v.venue || ':' || v.venue_symbol) as asset_id,
        coalesce(i.is_inverse, false) as is_inverse,
        v.valued_at,
        v.observed_at,
        v.open_interest_usd,
        v.open_interest_base * coalesce(i.multiplier, 1) as open_interest_base
    from valued v
    left join {{ ref('core_instruments') }} i
        on v.venue = i.venue
        and v.venue_symbol = i.venue_symbol
        and i.market_type = 'perp'
        and v.observed_at >= i.valid_from
        and v.observed_at < i.valid_to
),

priced as (
    select
        i.*,
        coalesce(
            nullif(i.open_interest_usd, 0) / nullif(i.open_interest_base, 0), nullif(p.reference_price_usd, 0)
        ) as price_usd
    from identified i
    left join {{ ref('core_prices_hourly') }} p
        on i.asset_id = p.asset_id
        and i.valued_at = p.price_at
        and coalesce(i.open_interest_usd * i.open_interest_base, 0) = 0
        and {{ within_reach('p.price_at') }}
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
