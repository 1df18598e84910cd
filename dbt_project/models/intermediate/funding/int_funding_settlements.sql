{{ config(materialized='incremental', meta={'time_column': 'settled_hour_at'}) }}
-- depends_on: {{ ref('rebuild_start') }}
-- Each settlement that counts, with the interval that the data show. Two stamps in one hour are one settlement, the later.
with settlements as (
    select
        f.*,
        date_trunc('hour', f.settled_at + interval '30 minutes') as settled_hour_at
    from {{ ref('stg_funding_rates') }} f
    -- What its peers refuse is missing: its hours have no rate.
    left join {{ refused('funding_rates') }} as r
        on f.venue = r.venue and f.venue_symbol = r.series and f.settled_at = r.event_at
    where r.venue is null
        -- Its interval is seen from the two before it, wherever they lie.
        and {{ within_reach('f.settled_at', since='int_funding_reach') }}
    qualify row_number() over (
        partition by f.venue, f.venue_symbol, date_trunc('hour', f.settled_at + interval '30 minutes')
        order by f.settled_at desc
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
        {{ hours_between(
            'lag(settled_hour_at) over (partition by venue, venue_symbol order by settled_hour_at)', 'settled_hour_at'
        ) }}::bigint as gap_hours
    from settlements
),

intervals as (
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
        {{ settlement_interval('gap_hours', 'previous_gap_hours', 'next_gap_hours') }} as interval_hours
    from intervals
    where gap_hours is not null
)

select
    k.venue,
    k.venue_symbol,
    coalesce(i.asset_id, 'unmapped:' || k.venue || ':' || k.venue_symbol) as asset_id,
    k.settled_at,
    k.settled_hour_at,
    k.funding_rate,
    k.gap_hours,
    k.interval_hours,
    {{ annualised_pct('k.funding_rate', 'k.interval_hours') }} as funding_rate_annualised_pct,
    k.recorded_at
from known k
left join {{ ref('core_instruments') }} i
    on k.venue = i.venue
    and k.venue_symbol = i.venue_symbol
    and i.market_type = 'perp'
    and k.settled_hour_at >= i.valid_from
    and k.settled_hour_at < i.valid_to
