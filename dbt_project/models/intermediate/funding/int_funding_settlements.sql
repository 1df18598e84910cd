{{ config(materialized='incremental', meta={'time_column': 'settled_hour_at'}) }}
-- depends_on: {{ ref('rebuild_start') }}
-- Each settlement that counts, with the interval that the data show. Two stamps in one hour are one settlement, the later.
with rates as (
    select *, date_trunc('hour', settled_at + interval '30 minutes') as settled_hour_at
    from {{ ref('stg_funding_rates') }}
    -- Its interval is seen from the two before it, wherever they lie.
    where settled_at >= {{ rebuild_from('int_funding_look_back') }}
),

-- What its peers refuse is missing: its hours have no rate.
settlements as (
    select rates.*
    from rates
    left join {{ refused('funding_rates') }} as refused
        on refused.venue = rates.venue
        and refused.series = rates.venue_symbol
        and refused.event_at = rates.settled_at
    where refused.venue is null
    qualify row_number() over (
        partition by rates.venue, rates.venue_symbol, rates.settled_hour_at
        order by rates.settled_at desc
    ) = 1
),

gaps as (
    select
        venue,
        venue_symbol,
        settled_at,
        settled_hour_at,
        funding_rate,
        recorded_at,
        cast({{ hours_between(
            'lag(settled_hour_at) over (partition by venue, venue_symbol order by settled_hour_at)', 'settled_hour_at'
        ) }} as bigint) as gap_hours
    from settlements
),

gaps_beside as (
    select
        *,
        lag(gap_hours) over (partition by venue, venue_symbol order by settled_hour_at) as previous_gap_hours,
        lead(gap_hours) over (partition by venue, venue_symbol order by settled_hour_at) as next_gap_hours
    from gaps
),

-- The first settlement has no gap and is dropped: nobody knows how long its rate held.
known as (
    select
        *,
        {{ observed_interval('gap_hours', 'previous_gap_hours', 'next_gap_hours') }} as interval_hours
    from gaps_beside
    where gap_hours is not null
)

select
    known.venue,
    known.venue_symbol,
    instruments.asset_id,
    known.settled_at,
    known.settled_hour_at,
    known.funding_rate,
    known.gap_hours,
    known.interval_hours,
    {{ annualised_pct('known.funding_rate', 'known.interval_hours') }} as funding_rate_annualised_pct,
    known.recorded_at
from known
inner join {{ ref('core_instruments') }} as instruments
    on instruments.venue = known.venue
    and instruments.venue_symbol = known.venue_symbol
    and instruments.market_type = 'perp'
    and known.settled_hour_at >= instruments.valid_from
    and known.settled_hour_at < instruments.valid_to
