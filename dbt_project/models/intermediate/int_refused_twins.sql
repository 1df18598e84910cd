{{ config(materialized='incremental', meta={'time_column': 'event_at'}) }}
-- Rows that stand under two symbols of one venue, prices and volumes alike: one instrument under two names, or one's rows
-- under the other's. They are kept where no peer has another price, where they
-- continue the symbol's own past, or else where they stood first.
with candle_keys as (
    select venue, market_type, price_at, high, low, close, base_volume
    from {{ ref('int_candles_closed') }}
    where {{ within_reach('price_at', days=30) }}
        and base_volume > 0
    group by venue, market_type, price_at, high, low, close, base_volume
    having count(*) > 1
),

observation_keys as (
    select venue, observed_at, open_interest_base, open_interest_usd
    from {{ ref('stg_open_interest') }}
    where {{ within_reach('observed_at', days=30) }}
        and coalesce(open_interest_usd, open_interest_base) > 0
    group by venue, observed_at, open_interest_base, open_interest_usd
    having count(*) > 1
),

twins as (
    select
        'candles' as dataset,
        candles.venue,
        candles.market_type,
        candles.venue_symbol,
        candles.price_at as event_at,
        candles.close as value,
        candles.base_volume as amount
    from {{ ref('int_candles_closed') }} as candles
    inner join candle_keys
        on candle_keys.venue = candles.venue
        and candle_keys.market_type = candles.market_type
        and candle_keys.price_at = candles.price_at
        and candle_keys.high is not distinct from candles.high
        and candle_keys.low is not distinct from candles.low
        and candle_keys.close = candles.close
        and candle_keys.base_volume = candles.base_volume
    where {{ within_reach('candles.price_at', days=30) }}
    union all
    select
        'open_interest' as dataset,
        observed.venue,
        'perp' as market_type,
        observed.venue_symbol,
        observed.observed_at as event_at,
        coalesce(observed.open_interest_usd, observed.open_interest_base) as value,
        coalesce(observed.open_interest_base, observed.open_interest_usd) as amount
    from {{ ref('stg_open_interest') }} as observed
    inner join observation_keys
        on observation_keys.venue = observed.venue
        and observation_keys.observed_at = observed.observed_at
        and observation_keys.open_interest_base is not distinct from observed.open_interest_base
        and observation_keys.open_interest_usd is not distinct from observed.open_interest_usd
    where {{ within_reach('observed.observed_at', days=30) }}
),

pair_days as (
    select
        a.dataset,
        a.venue,
        a.market_type,
        a.venue_symbol,
        b.venue_symbol as twin_symbol,
        date_trunc('day', a.event_at - interval '1 microsecond') as day,
        count(*) as n_rows,
        median(a.value) as value
    from twins as a
    inner join twins as b
        on b.dataset = a.dataset
        and b.venue = a.venue
        and b.market_type = a.market_type
        and b.event_at = a.event_at
        and b.value = a.value
        and b.amount = a.amount
        and b.venue_symbol <> a.venue_symbol
    group by 1, 2, 3, 4, 5, 6
),

-- What is alike once is chance; the days beside it count too, so that a day that has just begun is not.
pairs as (
    select *
    from pair_days
    qualify sum(n_rows) over (
        partition by dataset, venue, market_type, venue_symbol, twin_symbol
        order by day
        range between interval '1 day' preceding and interval '1 day' following
    ) >= case when dataset = 'candles' then {{ least_twin_hours() }} else {{ least_twin_observations() }} end
),

symbol_days as (
    select dataset, venue, market_type, venue_symbol, day, max(value) as value
    from pairs
    group by dataset, venue, market_type, venue_symbol, day
),

own_values as (
    select days.dataset, days.venue, days.market_type, days.venue_symbol, days.day, candles.price_at as event_at, candles.close as value
    from symbol_days as days
    inner join {{ ref('int_candles_closed') }} as candles
        on days.dataset = 'candles'
        and candles.venue = days.venue
        and candles.market_type = days.market_type
        and candles.venue_symbol = days.venue_symbol
        and candles.price_at > days.day - interval '{{ twin_history_days() }} days'
        and candles.price_at <= days.day
    where {{ within_reach('candles.price_at', days=30) }}
    union all
    select
        days.dataset, days.venue, days.market_type, days.venue_symbol, days.day,
        observed.observed_at as event_at,
        coalesce(observed.open_interest_usd, observed.open_interest_base) as value
    from symbol_days as days
    inner join {{ ref('stg_open_interest') }} as observed
        on days.dataset = 'open_interest'
        and observed.venue = days.venue
        and observed.venue_symbol = days.venue_symbol
        and observed.observed_at > days.day - interval '{{ twin_history_days() }} days'
        and observed.observed_at <= days.day
    where {{ within_reach('observed.observed_at', days=30) }}
),

-- The last value of its own before it had a twin.
pasts as (
    select own.dataset, own.venue, own.market_type, own.venue_symbol, own.day, max_by(own.value, own.event_at) as past_value
    from own_values as own
    left join twins
        on twins.dataset = own.dataset
        and twins.venue = own.venue
        and twins.market_type = own.market_type
        and twins.venue_symbol = own.venue_symbol
        and twins.event_at = own.event_at
    where twins.venue is null and own.value > 0
    group by own.dataset, own.venue, own.market_type, own.venue_symbol, own.day
),

off_peers as (
    select distinct venue, market_type, venue_symbol, date_trunc('day', price_at - interval '1 microsecond') as day
    from {{ ref('int_refused_prices') }}
),

-- Steps of 10 %: nearer than that, two pasts are equally good, and who was listed and seen first decides. Who has no past is
-- behind one that has gone on from its own, and before one that has not.
claims as (
    select
        days.dataset,
        days.venue,
        days.market_type,
        days.venue_symbol,
        days.day,
        row_number() over (
            partition by days.dataset, days.venue, days.market_type, days.day
            order by
                case when off_peers.venue_symbol is null then 0 else 1 end,
                coalesce(round(abs(ln(days.value / pasts.past_value)), 1), 0.5),
                case when listed.venue_symbol is null then 1 else 0 end,
                seen.first_seen_at,
                days.venue_symbol
        ) as claim
    from symbol_days as days
    left join pasts
        on pasts.dataset = days.dataset
        and pasts.venue = days.venue
        and pasts.market_type = days.market_type
        and pasts.venue_symbol = days.venue_symbol
        and pasts.day = days.day
    left join off_peers
        on days.dataset = 'candles'
        and off_peers.venue = days.venue
        and off_peers.market_type = days.market_type
        and off_peers.venue_symbol = days.venue_symbol
        and off_peers.day = days.day
    left join {{ ref('stg_instruments') }} as listed
        on listed.venue = days.venue
        and listed.market_type = days.market_type
        and listed.venue_symbol = days.venue_symbol
    left join {{ ref('int_symbols_seen') }} as seen
        on seen.dataset = days.dataset
        and seen.venue = days.venue
        and seen.market_type = days.market_type
        and seen.venue_symbol = days.venue_symbol
),

weaker as (
    select pairs.dataset, pairs.venue, pairs.market_type, pairs.venue_symbol, pairs.day, min(pairs.twin_symbol) as twin_symbol
    from pairs
    inner join claims
        on claims.dataset = pairs.dataset
        and claims.venue = pairs.venue
        and claims.market_type = pairs.market_type
        and claims.venue_symbol = pairs.venue_symbol
        and claims.day = pairs.day
    inner join claims as others
        on others.dataset = pairs.dataset
        and others.venue = pairs.venue
        and others.market_type = pairs.market_type
        and others.venue_symbol = pairs.twin_symbol
        and others.day = pairs.day
    where others.claim < claims.claim
    group by pairs.dataset, pairs.venue, pairs.market_type, pairs.venue_symbol, pairs.day
)

select
    twins.dataset,
    twins.venue,
    twins.market_type,
    twins.venue_symbol,
    twins.event_at,
    weaker.twin_symbol,
    'same_rows_under_two_names' as rule,
    'the same rows as ' || weaker.twin_symbol || ' of this venue, to which they belong' as reason
from twins
inner join weaker
    on weaker.dataset = twins.dataset
    and weaker.venue = twins.venue
    and weaker.market_type = twins.market_type
    and weaker.venue_symbol = twins.venue_symbol
    and weaker.day = date_trunc('day', twins.event_at - interval '1 microsecond')
