{{ config(materialized='incremental', meta={'time_column': 'event_at', 'look_back_days': 30}) }}
-- Rows that stand under two symbols of one venue, prices and volumes alike: one instrument listed twice, or one's rows under
-- the other's name. They are kept where no peer has another price, where they continue the symbol's own past, or else where
-- they stood first. The look-back: the history that tells whose they are, and the days beside.
with candle_keys as (
    select venue, market_type, price_at, high, low, close, base_volume
    from {{ recent(ref('core_candles_closed')) }} as candles
    where base_volume > 0
    group by venue, market_type, price_at, high, low, close, base_volume
    having count(*) > 1
),

observation_keys as (
    select venue, observed_at, open_interest_base, open_interest_usd
    from {{ recent(ref('stg_open_interest')) }} as observed
    where coalesce(open_interest_usd, open_interest_base) > 0
    group by venue, observed_at, open_interest_base, open_interest_usd
    having count(*) > 1
),

alike as (
    select
        'candles' as dataset,
        candles.venue,
        candles.market_type,
        candles.venue_symbol,
        candles.price_at as event_at,
        candles.close as value,
        candles.base_volume as amount
    from {{ recent(ref('core_candles_closed')) }} as candles
    inner join candle_keys
        on candle_keys.venue = candles.venue
        and candle_keys.market_type = candles.market_type
        and candle_keys.price_at = candles.price_at
        and candle_keys.high is not distinct from candles.high
        and candle_keys.low is not distinct from candles.low
        and candle_keys.close = candles.close
        and candle_keys.base_volume = candles.base_volume
    union all
    select
        'open_interest' as dataset,
        observed.venue,
        'perp' as market_type,
        observed.venue_symbol,
        observed.observed_at as event_at,
        coalesce(observed.open_interest_usd, observed.open_interest_base) as value,
        coalesce(observed.open_interest_base, observed.open_interest_usd) as amount
    from {{ recent(ref('stg_open_interest')) }} as observed
    inner join observation_keys
        on observation_keys.venue = observed.venue
        and observation_keys.observed_at = observed.observed_at
        and observation_keys.open_interest_base is not distinct from observed.open_interest_base
        and observation_keys.open_interest_usd is not distinct from observed.open_interest_usd
),

pair_days as (
    select
        a.dataset,
        a.venue,
        a.market_type,
        a.venue_symbol,
        b.venue_symbol as other_symbol,
        date_trunc('day', a.event_at - interval '1 microsecond') as day,
        count(*) as n_rows,
        median(a.value) as value
    from alike as a
    inner join alike as b
        on b.dataset = a.dataset
        and b.venue = a.venue
        and b.market_type = a.market_type
        and b.event_at = a.event_at
        and b.value = a.value
        and b.amount = a.amount
        and b.venue_symbol <> a.venue_symbol
    group by 1, 2, 3, 4, 5, 6
),

counted as (
    select
        *,
        sum(n_rows) over (
            partition by dataset, venue, market_type, venue_symbol, other_symbol
            order by day
            range between interval '1 day' preceding and interval '1 day' following
        ) as n_alike,
        case when dataset = 'candles' then {{ least_duplicate_hours() }} else {{ least_duplicate_observations() }} end as least_alike
    from pair_days
),

-- What is alike once is chance; the days beside it count too, so that a day that has just begun is not.
pairs as (
    select * from counted where n_alike >= least_alike
),

symbol_days as (
    select dataset, venue, market_type, venue_symbol, day, max(value) as value
    from pairs
    group by dataset, venue, market_type, venue_symbol, day
),

own_values as (
    select days.dataset, days.venue, days.market_type, days.venue_symbol, days.day, candles.price_at as event_at, candles.close as value
    from symbol_days as days
    inner join {{ recent(ref('core_candles_closed')) }} as candles
        on days.dataset = 'candles'
        and candles.venue = days.venue
        and candles.market_type = days.market_type
        and candles.venue_symbol = days.venue_symbol
        and candles.price_at > days.day - interval '{{ duplicate_history_days() }} days'
        and candles.price_at <= days.day
    union all
    select
        days.dataset, days.venue, days.market_type, days.venue_symbol, days.day,
        observed.observed_at as event_at,
        coalesce(observed.open_interest_usd, observed.open_interest_base) as value
    from symbol_days as days
    inner join {{ recent(ref('stg_open_interest')) }} as observed
        on days.dataset = 'open_interest'
        and observed.venue = days.venue
        and observed.venue_symbol = days.venue_symbol
        and observed.observed_at > days.day - interval '{{ duplicate_history_days() }} days'
        and observed.observed_at <= days.day
),

-- The last value of its own before another symbol had the same.
pasts as (
    select own.dataset, own.venue, own.market_type, own.venue_symbol, own.day, max_by(own.value, own.event_at) as past_value
    from own_values as own
    left join alike
        on alike.dataset = own.dataset
        and alike.venue = own.venue
        and alike.market_type = own.market_type
        and alike.venue_symbol = own.venue_symbol
        and alike.event_at = own.event_at
    where alike.venue is null and own.value > 0
    group by own.dataset, own.venue, own.market_type, own.venue_symbol, own.day
),

off_peers as (
    select distinct venue, market_type, series as venue_symbol, date_trunc('day', event_at - interval '1 microsecond') as day
    from {{ refused('candles', ['check_prices']) }} as prices
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
    left join {{ symbols_seen() }} as seen
        on seen.dataset = days.dataset
        and seen.venue = days.venue
        and seen.market_type = days.market_type
        and seen.venue_symbol = days.venue_symbol
),

copies as (
    select
        pairs.dataset,
        pairs.venue,
        pairs.market_type,
        pairs.venue_symbol,
        pairs.day,
        min(pairs.other_symbol) as original_symbol,
        max(pairs.n_alike) as n_alike,
        max(pairs.least_alike) as least_alike
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
        and others.venue_symbol = pairs.other_symbol
        and others.day = pairs.day
    where others.claim < claims.claim
    group by pairs.dataset, pairs.venue, pairs.market_type, pairs.venue_symbol, pairs.day
),

-- What stands under another symbol's name in candles or open interest does so in funding, where the rates are alike too.
copied_perps as (
    select venue, venue_symbol, original_symbol, day, max(n_alike) as n_alike, max(least_alike) as least_alike
    from copies
    where market_type = 'perp'
    group by venue, venue_symbol, original_symbol, day
),

copied_perp_members as (
    select *, venue_symbol as member from copied_perps
    union all
    select *, original_symbol as member from copied_perps
),

settled as (
    select *, date_trunc('hour', settled_at + interval '30 minutes') as settled_hour_at
    from {{ recent(ref('stg_funding_rates')) }} as settlements
),

copied_settlements as (
    select
        perps.venue,
        perps.venue_symbol,
        perps.original_symbol,
        max(case when settled.venue_symbol = perps.venue_symbol then settled.settled_at end) as settled_at,
        max(perps.n_alike) as n_alike,
        max(perps.least_alike) as least_alike
    from copied_perp_members as perps
    inner join settled
        on settled.venue = perps.venue
        and settled.venue_symbol = perps.member
        and date_trunc('day', settled.settled_hour_at - interval '1 microsecond') = perps.day
    group by perps.venue, perps.venue_symbol, perps.original_symbol, settled.settled_hour_at
    having count(distinct settled.venue_symbol) = 2 and min(settled.funding_rate) = max(settled.funding_rate)
),

failed as (
    select
        alike.dataset,
        alike.venue,
        alike.market_type,
        alike.venue_symbol,
        alike.event_at,
        copies.original_symbol,
        copies.n_alike,
        copies.least_alike
    from alike
    inner join copies
        on copies.dataset = alike.dataset
        and copies.venue = alike.venue
        and copies.market_type = alike.market_type
        and copies.venue_symbol = alike.venue_symbol
        and copies.day = date_trunc('day', alike.event_at - interval '1 microsecond')
    union all
    select
        'funding_rates' as dataset,
        venue,
        'perp' as market_type,
        venue_symbol,
        settled_at as event_at,
        min(original_symbol) as original_symbol,
        max(n_alike) as n_alike,
        max(least_alike) as least_alike
    from copied_settlements
    group by venue, venue_symbol, settled_at
),

failures as (
    select
        dataset,
        venue,
        market_type,
        venue_symbol as series,
        event_at,
        'same_rows_under_two_names' as rule,
        cast(n_alike as double) as value,
        cast(least_alike as double) as bound,
        'the same rows as ' || original_symbol || ' of this venue, to which they belong' as reason,
        'row' as refuses
    from failed
)

{{ beside_releases('failures') }}
