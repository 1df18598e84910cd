-- Settlements that were due and are not here: inside holes, and after a series' last one where asking again failed.
with settlements as (
    select venue, venue_symbol, asset_id, settled_hour_at, gap_hours, interval_hours
    from {{ ref('int_funding_settlements') }}
),

last_settlements as (
    select *
    from settlements
    qualify row_number() over (partition by venue, venue_symbol order by settled_hour_at desc) = 1
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
    s.venue,
    s.venue_symbol,
    s.asset_id,
    {{ each_step(add_hours('s.settled_hour_at', 's.interval_hours'), 'f.failed_until_at', 's.interval_hours') }} as due_at
from last_settlements s
inner join {{ ref('int_coverage_failed') }} f
    on f.dataset = 'funding_rates' and s.venue = f.venue and s.venue_symbol = f.series
