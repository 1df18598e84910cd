{{ config(materialized='incremental', meta={'time_column': 'settled_at'}) }}
-- Settlements that the same asset's perpetuals refuse, over a week or one by one. The first rule wins.
-- One peer is another opinion, two that agree are a verdict.
with weeks as (
    select
        week_start,
        venue,
        venue_symbol,
        count(*) as n_peers,
        median(size / greatest(peer_size, {{ least_funding_size() }})) as multiple,
        case
            when count(case when cosine <= -{{ funding_mirror_cosine() }} then 1 end) >= least(count(*), {{ least_peers() }})
                and coalesce(max(cosine), 0) < {{ funding_mirror_cosine() }} then 'mirrored'
            when min(size) >= {{ funding_large_factor() }} * greatest(max(peer_size), {{ least_funding_size() }}) then 'large'
            when max(size) * {{ funding_small_factor() }} <= min(peer_size)
                and min(peer_size) >= {{ least_funding_size() }} then 'small'
        end as fault
    -- The hour 00:00 of a Monday is of the week before.
    from {{ ref('int_funding_peers') }}
    where {{ within_reach('week_start', days=7) }}
    group by week_start, venue, venue_symbol
),

-- A unit is a venue's: where two instruments of it and most that have a peer are off alike, and one stands refused, so do
-- those with one peer and those with none.
venue_weeks as (
    select week_start, venue, min(fault) as fault
    from (
        select
            *,
            count(*) over (partition by week_start, venue) as n_symbols,
            count(*) over (partition by week_start, venue, fault) as n_alike,
            max(n_peers) over (partition by week_start, venue, fault) as most_peers
        from weeks
    ) as alike
    where fault is not null
        and n_alike >= 2
        and 2 * n_alike > n_symbols
        and most_peers >= {{ least_peers() }}
    group by week_start, venue
),

by_week as (
    select
        named.venue,
        named.venue_symbol,
        named.settled_at,
        case
            when coalesce(weeks.fault, venue_weeks.fault) = 'mirrored' then 'funding_sign_fits_peers'
            else 'funding_size_fits_peers'
        end as rule,
        case
            when weeks.fault is null then 'over this week its venue''s other instruments are ' || venue_weeks.fault || ' against their peers'
            when weeks.fault = 'mirrored' then 'over this week its rates mirror those of its peers: the opposite sign'
            else 'over this week its rates are ' || round(weeks.multiple, 5) || ' times those of its peers: another unit'
        end as reason
    from {{ ref('int_funding_bins') }} as named
    left join weeks
        on weeks.week_start = named.week_start
        and weeks.venue = named.venue
        and weeks.venue_symbol = named.venue_symbol
    left join venue_weeks
        on venue_weeks.week_start = named.week_start
        and venue_weeks.venue = named.venue
    where {{ within_reach('named.settled_at') }}
        and (
            (weeks.fault is not null and weeks.n_peers >= {{ least_peers() }})
            or weeks.fault = venue_weeks.fault
            or (weeks.venue is null and venue_weeks.venue is not null)
        )
),

usual as (
    select week_start, venue, venue_symbol, median(abs(funding_rate)) as usual_rate
    from {{ ref('int_funding_bins') }}
    where {{ within_reach('week_start', days=7) }}
    group by week_start, venue, venue_symbol
),

-- One row off by thousands: against its own week, and against all that its peers paid in the bin and beside it.
around as (
    {% for hours in (-8, 0, 8) %}
    select asset_id, venue, venue_symbol, bin_at + interval '{{ hours }} hours' as bin_at, sum(funding_rate) as rate
    from {{ ref('int_funding_bins') }}
    where {{ within_reach('bin_at', days=2) }}
    group by asset_id, venue, venue_symbol, bin_at
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

single as (
    select named.venue, named.venue_symbol, named.settled_at, named.funding_rate, max(abs(around.rate)) as peer_rate
    from {{ ref('int_funding_bins') }} as named
    inner join usual
        on usual.week_start = named.week_start
        and usual.venue = named.venue
        and usual.venue_symbol = named.venue_symbol
    inner join around
        on around.asset_id = named.asset_id
        and around.bin_at = named.bin_at
        and (around.venue <> named.venue or around.venue_symbol <> named.venue_symbol)
    where {{ within_reach('named.settled_at') }}
        and abs(named.funding_rate) >= {{ funding_row_factor() }} * greatest(usual.usual_rate, {{ least_funding_size() }})
    group by named.venue, named.venue_symbol, named.settled_at, named.funding_rate
    having abs(named.funding_rate) >= {{ funding_row_factor() }} * max(abs(around.rate))
),

-- What stands under another symbol's name in candles or open interest does so in funding, where the rates are alike too.
twin_members as (
    select distinct
        venue,
        venue_symbol,
        twin_symbol,
        rule,
        reason,
        date_trunc('day', event_at - interval '1 microsecond') as day,
        venue_symbol as member
    from {{ ref('int_refused_twins') }}
    where market_type = 'perp'
    union
    select
        venue,
        venue_symbol,
        twin_symbol,
        rule,
        reason,
        date_trunc('day', event_at - interval '1 microsecond') as day,
        twin_symbol as member
    from {{ ref('int_refused_twins') }}
    where market_type = 'perp'
),

twin_settlements as (
    select
        twins.venue,
        twins.venue_symbol,
        max(case when named.venue_symbol = twins.venue_symbol then named.settled_at end) as settled_at,
        min(twins.rule) as rule,
        min(twins.reason) as reason
    from twin_members as twins
    inner join {{ ref('int_funding_bins') }} as named
        on named.venue = twins.venue
        and named.venue_symbol = twins.member
        and date_trunc('day', named.settled_hour_at - interval '1 microsecond') = twins.day
        and {{ within_reach('named.settled_at') }}
    group by twins.venue, twins.venue_symbol, twins.twin_symbol, named.settled_hour_at
    having count(distinct named.venue_symbol) = 2 and min(named.funding_rate) = max(named.funding_rate)
),

verdicts as (
    select venue, venue_symbol, settled_at, rule, reason, 1 as precedence from by_week
    union all
    select
        venue,
        venue_symbol,
        settled_at,
        'funding_size_fits_peers' as rule,
        'this one settlement is over ' || floor(abs(funding_rate) / greatest(peer_rate, {{ least_funding_size() }}))
            || ' times what its peers paid around it' as reason,
        2 as precedence
    from single
    union all
    select venue, venue_symbol, settled_at, rule, reason, 3 as precedence from twin_settlements
)

select venue, venue_symbol, settled_at, rule, reason
from verdicts
qualify row_number() over (partition by venue, venue_symbol, settled_at order by precedence) = 1
