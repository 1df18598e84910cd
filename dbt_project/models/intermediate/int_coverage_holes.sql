-- Rows that were due and are not accepted: `n_missing` of them, `step_hours` apart, the first one step after `after_at`.
-- A hole lies between two rows of a series, at its end while its venue goes on being asked for, or where asking failed.
with market_cap_gaps as (
    select
        provider,
        provider_asset_id,
        observed_at,
        {{ hours_between(
            'lag(observed_at) over (partition by provider, provider_asset_id order by observed_at)', 'observed_at'
        ) }} as gap_hours
    from {{ ref('stg_market_caps') }}
),

open_interest_gaps as (
    select
        o.venue,
        o.venue_symbol,
        o.observed_at,
        {{ hours_between(
            'lag(o.observed_at) over (partition by o.venue, o.venue_symbol order by o.observed_at)', 'o.observed_at'
        ) }} as gap_hours
    from {{ ref('stg_open_interest') }} o
    inner join {{ ref('int_open_interest_symbols') }} s
        on o.venue = s.venue and o.venue_symbol = s.venue_symbol and not s.is_quarantined
),

candle_gaps as (
    select
        venue,
        market_type,
        venue_symbol,
        price_at,
        {{ hours_between(
            'lag(price_at) over (partition by venue, market_type, venue_symbol order by price_at)', 'price_at'
        ) }} as gap_hours
    from {{ ref('int_candles_hourly') }}
),

-- The cadence is what the data show, by the rule that funding intervals follow.
cadences as (
    select
        'open_interest' as dataset, venue, 'perp' as market_type, venue_symbol as series, observed_at as seen_at, gap_hours,
        {{ settlement_interval(
            'gap_hours',
            'lag(gap_hours) over (partition by venue, venue_symbol order by observed_at)',
            'lead(gap_hours) over (partition by venue, venue_symbol order by observed_at)'
        ) }} as step_hours
    from open_interest_gaps
    union all
    select
        'market_caps' as dataset, provider as venue, null as market_type, provider_asset_id as series,
        observed_at as seen_at, gap_hours,
        {{ settlement_interval(
            'gap_hours',
            'lag(gap_hours) over (partition by provider, provider_asset_id order by observed_at)',
            'lead(gap_hours) over (partition by provider, provider_asset_id order by observed_at)'
        ) }} as step_hours
    from market_cap_gaps
    union all
    select
        'funding_rates' as dataset, venue, 'perp' as market_type, venue_symbol as series, settled_hour_at as seen_at,
        gap_hours, interval_hours as step_hours
    from {{ ref('int_funding_settlements') }}
    union all
    select 'candles' as dataset, venue, market_type, venue_symbol as series, price_at as seen_at, gap_hours, 1 as step_hours
    from candle_gaps
    where gap_hours > 1
),

-- Asking twice within an hour makes no cadence of minutes.
stepped as (
    select
        dataset,
        venue,
        market_type,
        series,
        seen_at,
        gap_hours,
        case when step_hours < 1 then 1 else step_hours end as step_hours
    from cadences
),

between_rows as (
    select
        dataset,
        venue,
        market_type,
        series,
        {{ add_minutes('seen_at', '-60 * step_hours * round(gap_hours / step_hours)') }} as after_at,
        step_hours,
        round(gap_hours / step_hours) - 1 as n_missing
    from stepped
    where gap_hours > step_hours
        -- A list that is published less than every other day changes its members: what is not in it is not missing.
        and not (dataset = 'market_caps' and step_hours > 48)
),

last_seen as (
    select
        dataset,
        venue,
        market_type,
        series,
        max(seen_at) as last_seen_at,
        max_by(step_hours, seen_at) as step_hours
    from stepped
    where dataset <> 'candles'
    group by dataset, venue, market_type, series
    union all
    select 'candles' as dataset, venue, market_type, venue_symbol as series, last_close_at as last_seen_at, 1 as step_hours
    from {{ ref('int_coverage_candle_lives') }}
),

beside_venue as (
    select
        *,
        max(last_seen_at) over (partition by dataset, venue, market_type) as venue_last_seen_at
    from last_seen
    where not (dataset = 'market_caps' and coalesce(step_hours, 1000) > 48)
),

failed as (
    select * from {{ ref('int_coverage_failed') }}
),

-- A series whose venue went on without it has ended; else it is due until now, or until where asking failed.
after_last as (
    select
        b.dataset,
        b.venue,
        b.market_type,
        b.series,
        b.last_seen_at as after_at,
        b.step_hours,
        case
            when b.last_seen_at >= b.venue_last_seen_at - interval '24 hours' then r.now_at
            else f.failed_until_at
        end as due_until_at
    from beside_venue b
    cross join {{ ref('stg_run_context') }} r
    left join failed f
        on b.dataset = f.dataset
        and b.venue = f.venue
        and b.series = f.series
        and coalesce(b.market_type, '') = coalesce(f.market_type, b.market_type, '')
),

usual_steps as (
    select dataset, median(step_hours) as step_hours
    from last_seen
    group by dataset
),

-- A series that never answered is due at the dataset's usual cadence; how many series a whole list `*` has is not known.
never_seen as (
    select
        f.dataset,
        f.venue,
        f.market_type,
        f.series,
        f.failed_from_at as after_at,
        case when f.series <> '*' then u.step_hours end as step_hours,
        f.failed_until_at as due_until_at
    from failed f
    left join usual_steps u on f.dataset = u.dataset
    left join last_seen l
        on f.dataset = l.dataset
        and f.venue = l.venue
        and f.series = l.series
        and coalesce(l.market_type, '') = coalesce(f.market_type, l.market_type, '')
    where l.series is null
),

at_ends as (
    select *, floor({{ hours_between('after_at', 'due_until_at') }} / step_hours) as n_missing
    from (select * from after_last union all select * from never_seen) ends
    where due_until_at > after_at
)

select
    dataset,
    venue,
    market_type,
    series,
    after_at,
    {{ add_minutes('after_at', '60 * step_hours * n_missing') }} as ends_at,
    step_hours::double as step_hours,
    n_missing::bigint as n_missing
from between_rows
where n_missing >= 1
union all
-- With no cadence known the hole is known and its rows are not: n_missing is NULL, and one hour stands for a step.
select
    dataset,
    venue,
    market_type,
    series,
    after_at,
    case
        when step_hours is null then due_until_at
        else {{ add_minutes('after_at', '60 * step_hours * n_missing') }}
    end as ends_at,
    coalesce(step_hours, 1)::double as step_hours,
    n_missing::bigint as n_missing
from at_ends
where n_missing >= 1 or n_missing is null
