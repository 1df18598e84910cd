{{ config(pre_hook="{{ keep_previous_state() }}", meta={'time_column': 'due_at'}) }}
-- Settlements that were due and are not here: inside holes, and before a series' first and after its last one as far as
-- the coverage ledger has them missing. A series that falls silent is expected for 28 days more, as its open interest is.
with settlements as (
    select venue, venue_symbol, asset_id, settled_hour_at, gap_hours, interval_hours
    from {{ ref('int_funding_settlements') }}
),

missing as (
    select origin as venue, series as venue_symbol, min(first_missing_at) as missing_from, max(last_missing_at) as missing_until
    from {{ ref('stg_coverage') }}
    where dataset = 'funding_rates' and missing_rows > 0
    group by origin, series
),

-- The first settlement that counts ends a gap; the one before it, of unknown interval, began it.
ends as (
    select
        venue,
        venue_symbol,
        min_by(asset_id, settled_hour_at) as first_asset_id,
        min({{ add_hours('settled_hour_at', '-gap_hours') }}) as first_hour_at,
        min_by(interval_hours, settled_hour_at) as first_interval_hours,
        max_by(asset_id, settled_hour_at) as last_asset_id,
        max(settled_hour_at) as last_hour_at,
        max_by(interval_hours, settled_hour_at) as last_interval_hours
    from settlements
    group by venue, venue_symbol
),

at_ends as (
    select
        ends.*,
        least(missing.missing_until, ends.last_hour_at + interval '28 days') as missing_until,
        floor({{ hours_between('missing.missing_from', 'ends.first_hour_at') }} / ends.first_interval_hours) as n_before
    from ends
    inner join missing
        on missing.venue = ends.venue
        and missing.venue_symbol = ends.venue_symbol
)

select
    venue,
    venue_symbol,
    asset_id,
    {{ each_step(
        add_hours('settled_hour_at',
                  'case when gap_hours % interval_hours = 0 then interval_hours else gap_hours % interval_hours end'
                  ~ ' - gap_hours'),
        add_hours('settled_hour_at', '-interval_hours'),
        'interval_hours'
    ) }} as due_at
from settlements
where gap_hours > interval_hours
union all
select
    venue,
    venue_symbol,
    first_asset_id as asset_id,
    {{ each_step(
        add_hours('first_hour_at', '-n_before * first_interval_hours'),
        add_hours('first_hour_at', '-first_interval_hours'),
        'first_interval_hours'
    ) }} as due_at
from at_ends
where n_before >= 1
union all
select
    venue,
    venue_symbol,
    last_asset_id as asset_id,
    {{ each_step(add_hours('last_hour_at', 'last_interval_hours'), 'missing_until', 'last_interval_hours') }} as due_at
from at_ends
where missing_until > last_hour_at
