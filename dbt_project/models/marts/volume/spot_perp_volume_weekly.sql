-- One row per window: what was traded spot and perp, of the assets that a venue offers both ways, at those venues.
with windows as (
    select * from {{ ref('core_windows') }}
),

both_ways as (
    select * from {{ ref('int_traded_volumes') }} where spot_usd is not null and perp_usd is not null
),

-- Hours that an instrument was there for: a hole in them is missing volume, not a quiet hour.
spans as (
    select
        windows.week_start,
        windows.window_id,
        windows.starts_at,
        seen.venue,
        seen.market_type,
        seen.venue_symbol,
        greatest(windows.starts_at, seen.first_seen_at) as from_at,
        least(windows.ends_at, seen.last_seen_at) as to_at
    from windows
    inner join {{ symbols_seen() }} as seen
        on seen.dataset = 'candles'
        and seen.first_seen_at < windows.ends_at
        and seen.last_seen_at > windows.starts_at
),

-- Of these, the hours of weeks in which it was listed under another symbol too.
duplicated as (
    select
        spans.week_start,
        spans.window_id,
        spans.venue,
        spans.market_type,
        spans.venue_symbol,
        sum({{ hours_between(
            'greatest(spans.from_at, cast(duplicates.week_start as timestamp))',
            "least(spans.to_at, cast(duplicates.week_start as timestamp) + interval '7 days')"
        ) }}) as n_hours
    from spans
    inner join {{ ref('duplicate_symbols') }} as duplicates
        on duplicates.venue = spans.venue
        and duplicates.market_type = spans.market_type
        and duplicates.venue_symbol = spans.venue_symbol
        and duplicates.week_start < spans.to_at
        and cast(duplicates.week_start as timestamp) + interval '7 days' > spans.from_at
    group by spans.week_start, spans.window_id, spans.venue, spans.market_type, spans.venue_symbol
),

expected as (
    select
        spans.week_start,
        spans.window_id,
        spans.venue,
        instruments.asset_id,
        sum({{ hours_between('spans.from_at', 'spans.to_at') }} - coalesce(duplicated.n_hours, 0)) as n_hours
    from spans
    inner join {{ ref('core_instruments') }} as instruments
        on instruments.venue = spans.venue
        and instruments.market_type = spans.market_type
        and instruments.venue_symbol = spans.venue_symbol
        and spans.starts_at >= instruments.valid_from
        and spans.starts_at < instruments.valid_to
    left join duplicated
        on duplicated.week_start = spans.week_start
        and duplicated.window_id = spans.window_id
        and duplicated.venue = spans.venue
        and duplicated.market_type = spans.market_type
        and duplicated.venue_symbol = spans.venue_symbol
    where instruments.quote in {{ dollar_quotes() }}
    group by spans.week_start, spans.window_id, spans.venue, instruments.asset_id
),

weeks as (
    select
        both_ways.week_start,
        both_ways.window_id,
        sum(both_ways.spot_usd) as spot_volume_usd,
        sum(both_ways.perp_usd) as perp_volume_usd,
        count(*) as n_markets,
        100e0 * sum(both_ways.n_hours) / nullif(sum(expected.n_hours), 0) as coverage_pct
    from both_ways
    left join expected
        on expected.week_start = both_ways.week_start
        and expected.window_id = both_ways.window_id
        and expected.venue = both_ways.venue
        and expected.asset_id = both_ways.asset_id
    group by both_ways.week_start, both_ways.window_id
),

-- Like for like: only what a venue offered both ways in all five weeks, so that a listing is no rise and an outage no fall.
before as (
    select
        this.week_start,
        this.window_id,
        this.venue,
        this.asset_id,
        max(this.spot_usd) as spot_usd,
        sum(earlier.spot_usd) / 4 as usual_spot_usd
    from both_ways as this
    inner join both_ways as earlier
        on earlier.window_id = this.window_id
        and earlier.venue = this.venue
        and earlier.asset_id = this.asset_id
        and earlier.week_start < this.week_start
        and earlier.week_start >= this.week_start - interval '28 days'
    group by this.week_start, this.window_id, this.venue, this.asset_id
    having count(*) = 4
),

ratios as (
    select week_start, window_id, sum(spot_usd) / nullif(sum(usual_spot_usd), 0) as spot_ratio
    from before
    group by week_start, window_id
),

holidays as (
    select
        cast(date_trunc('week', cast(market_date as timestamp)) as date) as week_start,
        min_by(holiday, market_date) as holiday
    from {{ ref('nyse_calendar') }}
    where not is_half_day
    group by 1
),

known_years as (
    select distinct extract(year from market_date) as year
    from {{ ref('nyse_calendar') }}
),

compared as (
    select
        weeks.*,
        ratios.spot_ratio,
        holidays.holiday,
        case when holidays.holiday is not null then true when known_years.year is not null then false end as is_us_holiday_week
    from weeks
    left join known_years on known_years.year = extract(year from weeks.week_start + interval '4 days')
    left join ratios
        on ratios.week_start = weeks.week_start
        and ratios.window_id = weeks.window_id
    left join holidays on holidays.week_start = weeks.week_start
),

-- What a short week usually does to volume, from the short weeks before this one.
precedents as (
    select
        this.week_start,
        this.window_id,
        count(earlier.spot_ratio) as n_precedents,
        avg(ln(earlier.spot_ratio)) as usual_effect
    from compared as this
    inner join compared as earlier
        on earlier.window_id = this.window_id
        and earlier.week_start < this.week_start
        and earlier.holiday is not null
    where this.holiday is not null
    group by this.week_start, this.window_id
)

select
    compared.week_start,
    compared.window_id,
    compared.spot_volume_usd,
    compared.perp_volume_usd,
    100e0 * compared.spot_volume_usd / nullif(compared.spot_volume_usd + compared.perp_volume_usd, 0) as spot_share_pct,
    100e0 * (compared.spot_ratio - 1) as spot_volume_vs_4w_pct,
    compared.is_us_holiday_week,
    compared.holiday,
    case
        when compared.is_us_holiday_week then ln(compared.spot_ratio) - precedents.usual_effect
        when not compared.is_us_holiday_week then ln(compared.spot_ratio)
    end as holiday_adjusted_residual,
    coalesce(precedents.n_precedents, 0) as n_holiday_precedents,
    compared.coverage_pct,
    compared.n_markets
from compared
left join precedents
    on precedents.week_start = compared.week_start
    and precedents.window_id = compared.window_id
