{{ config(materialized='incremental', meta={'time_column': 'event_at', 'look_back_days': 8}) }}
-- Observations that are off on both sides at once, or have one side only: against their own neighbours, and against what is
-- traded. The look-back: the 3 days before an observation, and before a jump in the 3 days around it.
with observed as (
    select
        venue,
        venue_symbol,
        observed_at,
        open_interest_base,
        open_interest_usd,
        date_trunc('day', observed_at - interval '1 microsecond') as day
    from {{ recent(ref('stg_open_interest')) }} as observations
    where coalesce(open_interest_usd, open_interest_base) > 0
),

steps as (
    select
        *,
        coalesce(open_interest_usd, open_interest_base) as amount,
        lag(coalesce(open_interest_usd, open_interest_base)) over own as amount_before,
        lag(observed_at) over own as observed_before_at
    from observed
    window own as (partition by venue, venue_symbol order by observed_at)
),

jumps as (
    select venue, venue_symbol, observed_at
    from steps
    where observed_before_at >= observed_at - interval '{{ open_interest_history_days() }} days'
        and (
            amount >= {{ open_interest_jump_factor() }} * amount_before
            or amount * {{ open_interest_jump_factor() }} <= amount_before
        )
),

-- A first day is a ramp, so something must have been before; `greatest` and `least` skip what is not known yet.
near_jumps as (
    select distinct steps.venue, steps.venue_symbol, steps.observed_at, steps.amount
    from steps
    inner join jumps
        on jumps.venue = steps.venue
        and jumps.venue_symbol = steps.venue_symbol
        and steps.observed_at >= jumps.observed_at - interval '{{ open_interest_history_days() }} days'
        and steps.observed_at <= jumps.observed_at + interval '{{ open_interest_history_days() }} days'
),

neighbours as (
    select
        near_jumps.venue,
        near_jumps.venue_symbol,
        near_jumps.observed_at,
        near_jumps.amount,
        count(case when steps.observed_at < near_jumps.observed_at then steps.amount end) as n_before,
        median(case when steps.observed_at < near_jumps.observed_at then steps.amount end) as before_amount,
        median(case when steps.observed_at > near_jumps.observed_at then steps.amount end) as after_amount
    from near_jumps
    inner join steps
        on steps.venue = near_jumps.venue
        and steps.venue_symbol = near_jumps.venue_symbol
        and steps.observed_at >= near_jumps.observed_at - interval '{{ open_interest_history_days() }} days'
        and steps.observed_at <= near_jumps.observed_at + interval '{{ open_interest_history_days() }} days'
    group by near_jumps.venue, near_jumps.venue_symbol, near_jumps.observed_at, near_jumps.amount
),

off_neighbours as (
    select
        venue,
        venue_symbol,
        observed_at,
        'open_interest_fits_its_history' as rule,
        amount / case
            when amount > before_amount then greatest(before_amount, after_amount) else least(before_amount, after_amount)
        end as value,
        case when amount > before_amount then 1e0 * {{ open_interest_jump_factor() }} else 1e0 / {{ open_interest_jump_factor() }} end as bound,
        'it is ' || round(amount / before_amount, 4) || ' of what it was before, and it does not stay so' as reason
    from neighbours
    where n_before >= {{ least_earlier_observations() }}
        and (
            amount >= {{ open_interest_jump_factor() }} * greatest(before_amount, after_amount)
            or amount * {{ open_interest_jump_factor() }} <= least(before_amount, after_amount)
        )
),

-- What is usual on a day: the venue's own median of open interest over turnover, or where it has few, the market's.
turnover as (
    select
        venue,
        venue_symbol,
        date_trunc('day', price_at - interval '1 hour') as day,
        sum(quote_volume) as quote_volume,
        avg(close) as close
    from {{ recent(ref('core_candles_hourly')) }} as candles
    where market_type = 'perp'
    group by 1, 2, 3
    having count(*) >= {{ least_turnover_hours() }} and sum(quote_volume) > 0
),

turned as (
    select
        observed.venue,
        observed.venue_symbol,
        observed.observed_at,
        observed.day,
        coalesce(observed.open_interest_usd, observed.open_interest_base * turnover.close) / turnover.quote_volume as days
    from observed
    inner join turnover
        on turnover.venue = observed.venue
        and turnover.venue_symbol = observed.venue_symbol
        and turnover.day = observed.day
),

symbol_days as (
    select venue, venue_symbol, day, median(days) as days
    from turned
    group by venue, venue_symbol, day
),

venue_days as (
    select venue, day, median(days) as days, count(*) as n_symbols
    from symbol_days
    group by venue, day
),

market_days as (
    select day, median(days) as days, count(*) as n_symbols
    from symbol_days
    group by day
),

beside_usual as (
    select
        turned.venue,
        turned.venue_symbol,
        turned.observed_at,
        turned.days / case
            when venue_days.n_symbols >= {{ least_turnover_symbols() }} then venue_days.days else market_days.days
        end as multiple
    from turned
    inner join venue_days on venue_days.venue = turned.venue and venue_days.day = turned.day
    inner join market_days on market_days.day = turned.day and market_days.n_symbols >= {{ least_turnover_symbols() }}
),

off_turnover as (
    select
        venue,
        venue_symbol,
        observed_at,
        'open_interest_fits_turnover' as rule,
        multiple as value,
        case
            when multiple > 1 then 1e0 * {{ open_interest_turnover_most() }} else 1e0 / {{ open_interest_turnover_least() }}
        end as bound,
        'over the day''s turnover it is ' || round(multiple, 5) || ' of what is usual' as reason
    from beside_usual
    where multiple > {{ open_interest_turnover_most() }} or multiple * {{ open_interest_turnover_least() }} < 1
),

failed as (
    select * from off_neighbours
    union all
    select * from off_turnover
),

failures as (
    select
        'open_interest' as dataset,
        venue,
        'perp' as market_type,
        venue_symbol as series,
        observed_at as event_at,
        rule,
        value,
        bound,
        reason,
        'row' as refuses
    from failed
)

{{ beside_releases('failures') }}
