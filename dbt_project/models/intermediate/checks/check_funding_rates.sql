{{ config(materialized='incremental', meta={'time_column': 'event_at', 'look_back_days': 7}) }}
-- Settlements that the same asset's perpetuals refuse, over a week or one by one. One peer is another opinion, two that agree
-- are a verdict. The look-back: the hour 00:00 of a Monday is of the week before, which is judged whole.
with hours as (
    select
        venue,
        venue_symbol,
        settled_at,
        date_trunc('hour', settled_at + interval '30 minutes') as settled_hour_at,
        funding_rate
    from {{ recent(ref('stg_funding_rates')) }} as settlements
),

-- Each settlement with its asset, its Monday week and its bin of 8 h, so that venues which settle every 8, 4, 2 or 1 h compare
-- by sums, whatever the interval. A bin ends at 00, 08 or 16 and holds the hours (end − 8 h, end].
settled as (
    select
        hours.*,
        instruments.asset_id,
        cast(date_trunc('week', hours.settled_hour_at - interval '1 microsecond') as date) as week_start,
        {{ add_hours(
            "date_trunc('day', hours.settled_hour_at - interval '1 microsecond')",
            "8 * (floor(hour(hours.settled_hour_at - interval '1 microsecond') / 8) + 1)"
        ) }} as bin_at
    from hours
    inner join {{ ref('core_instruments') }} as instruments
        on instruments.venue = hours.venue
        and instruments.venue_symbol = hours.venue_symbol
        and instruments.market_type = 'perp'
        and hours.settled_hour_at >= instruments.valid_from
        and hours.settled_hour_at < instruments.valid_to
),

bins as (
    select asset_id, week_start, bin_at, venue, venue_symbol, sum(funding_rate) as rate
    from settled
    group by asset_id, week_start, bin_at, venue, venue_symbol
),

-- Each perpetual's week beside that of each peer: how large the one is beside the other, and how alike.
pairs as (
    select
        a.week_start,
        a.venue,
        a.venue_symbol,
        median(abs(a.rate)) as size,
        median(abs(b.rate)) as peer_size,
        sum(a.rate * b.rate) / nullif(sqrt(sum(a.rate * a.rate) * sum(b.rate * b.rate)), 0) as cosine
    from bins as a
    inner join bins as b
        on b.asset_id = a.asset_id
        and b.bin_at = a.bin_at
        and (b.venue <> a.venue or b.venue_symbol <> a.venue_symbol)
    group by a.asset_id, a.week_start, a.venue, a.venue_symbol, b.venue, b.venue_symbol
    having count(*) >= {{ least_funding_bins() }}
),

weeks as (
    select
        week_start,
        venue,
        venue_symbol,
        count(*) as n_peers,
        min(cosine) as cosine,
        min(size) / greatest(max(peer_size), {{ least_funding_size() }}) as least_multiple,
        max(size) / nullif(min(peer_size), 0) as most_multiple,
        median(size / greatest(peer_size, {{ least_funding_size() }})) as multiple,
        case
            when count(case when cosine <= -{{ funding_mirror_cosine() }} then 1 end) >= least(count(*), {{ least_peers() }})
                and coalesce(max(cosine), 0) < {{ funding_mirror_cosine() }} then 'mirrored'
            when min(size) >= {{ funding_large_factor() }} * greatest(max(peer_size), {{ least_funding_size() }}) then 'large'
            when max(size) * {{ funding_small_factor() }} <= min(peer_size)
                and min(peer_size) >= {{ least_funding_size() }} then 'small'
        end as fault
    from pairs
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
        settled.venue,
        settled.venue_symbol,
        settled.settled_at,
        weeks.fault as own_fault,
        coalesce(weeks.fault, venue_weeks.fault) as fault,
        weeks.multiple,
        case weeks.fault
            when 'mirrored' then weeks.cosine
            when 'large' then weeks.least_multiple
            when 'small' then weeks.most_multiple
        end as value,
        case coalesce(weeks.fault, venue_weeks.fault)
            when 'mirrored' then -1e0 * {{ funding_mirror_cosine() }}
            when 'large' then 1e0 * {{ funding_large_factor() }}
            when 'small' then 1e0 / {{ funding_small_factor() }}
        end as bound
    from settled
    left join weeks
        on weeks.week_start = settled.week_start
        and weeks.venue = settled.venue
        and weeks.venue_symbol = settled.venue_symbol
    left join venue_weeks
        on venue_weeks.week_start = settled.week_start
        and venue_weeks.venue = settled.venue
    where (weeks.fault is not null and weeks.n_peers >= {{ least_peers() }})
        or weeks.fault = venue_weeks.fault
        or (weeks.venue is null and venue_weeks.venue is not null)
),

usual as (
    select week_start, venue, venue_symbol, median(abs(funding_rate)) as usual_rate
    from settled
    group by week_start, venue, venue_symbol
),

-- One row off by thousands: against its own week, and against all that its peers paid in the bin and beside it.
around as (
    {% for hours in (-8, 0, 8) %}
    select asset_id, venue, venue_symbol, bin_at + interval '{{ hours }} hours' as bin_at, rate from bins
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

single as (
    select settled.venue, settled.venue_symbol, settled.settled_at, settled.funding_rate, max(abs(around.rate)) as peer_rate
    from settled
    inner join usual
        on usual.week_start = settled.week_start
        and usual.venue = settled.venue
        and usual.venue_symbol = settled.venue_symbol
    inner join around
        on around.asset_id = settled.asset_id
        and around.bin_at = settled.bin_at
        and (around.venue <> settled.venue or around.venue_symbol <> settled.venue_symbol)
    where abs(settled.funding_rate) >= {{ funding_row_factor() }} * greatest(usual.usual_rate, {{ least_funding_size() }})
    group by settled.venue, settled.venue_symbol, settled.settled_at, settled.funding_rate
    having abs(settled.funding_rate) >= {{ funding_row_factor() }} * max(abs(around.rate))
        and count(distinct around.venue || ' ' || around.venue_symbol) >= {{ least_peers() }}
),

failed as (
    select
        venue,
        venue_symbol,
        settled_at,
        case when fault = 'mirrored' then 'funding_sign_fits_peers' else 'funding_size_fits_peers' end as rule,
        value,
        bound,
        case
            when own_fault is null then 'over this week its venue''s other instruments are ' || fault || ' against their peers'
            when own_fault = 'mirrored' then 'over this week its rates mirror those of its peers: the opposite sign'
            else 'over this week its rates are ' || round(multiple, 5) || ' times those of its peers: another unit'
        end as reason,
        1 as precedence
    from by_week
    union all
    select
        venue,
        venue_symbol,
        settled_at,
        'funding_size_fits_peers' as rule,
        abs(funding_rate) / greatest(peer_rate, {{ least_funding_size() }}) as value,
        1e0 * {{ funding_row_factor() }} as bound,
        'this one settlement is over ' || floor(abs(funding_rate) / greatest(peer_rate, {{ least_funding_size() }}))
            || ' times what its peers paid around it' as reason,
        2 as precedence
    from single
),

failures as (
    select
        'funding_rates' as dataset,
        venue,
        'perp' as market_type,
        venue_symbol as series,
        settled_at as event_at,
        rule,
        cast(value as double) as value,
        cast(bound as double) as bound,
        reason,
        'row' as refuses
    from failed
    qualify row_number() over (partition by venue, venue_symbol, settled_at order by precedence) = 1
)

{{ beside_releases('failures') }}
