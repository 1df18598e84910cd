-- The ledger with what checks refuse of a series counted as quarantined. A series of which all is refused is none of
-- its venue's: nothing of it is missing.
with refused as (
    select
        dataset,
        venue,
        market_type,
        series,
        cast(date_trunc('week', event_at - interval '1 microsecond') as date) as week_start,
        count(*) as refused_rows
    from {{ ref('failed_checks') }}
    where is_decisive and refuses = 'row'
    group by 1, 2, 3, 4, 5
),

counted as (
    select
        ledger.*,
        least(coalesce(refused.refused_rows, 0), ledger.received_rows) as refused_rows
    from {{ ref('stg_coverage') }} as ledger
    left join refused
        on refused.dataset = ledger.dataset
        and refused.venue = ledger.origin
        and coalesce(refused.market_type, '') = coalesce(ledger.market_type, '')
        and refused.series = ledger.series
        and refused.week_start = ledger.week_start
),

beside_series as (
    select
        *,
        sum(received_rows) over (partition by dataset, origin, market_type, series) as series_received_rows,
        sum(refused_rows) over (partition by dataset, origin, market_type, series) as series_refused_rows
    from counted
),

judged as (
    select
        *,
        series_received_rows > 0 and series_refused_rows = series_received_rows as is_refused
    from beside_series
)

select
    dataset,
    origin as venue,
    market_type,
    series,
    week_start,
    cast(received_rows - refused_rows as bigint) as received_rows,
    cast(quarantined_rows + refused_rows as bigint) as quarantined_rows,
    cast(case when is_refused then 0 else missing_rows end as bigint) as missing_rows,
    due_rows is null and not is_refused as is_cadence_unknown,
    -- The ledger asks again for what a guard holds, too; here it is not missing.
    case when not is_refused and (missing_rows is distinct from 0) then first_missing_at end as first_missing_at,
    case when not is_refused and (missing_rows is distinct from 0) then last_missing_at end as last_missing_at,
    case when received_rows > refused_rows then last_recorded_at end as last_recorded_at
from judged
where received_rows + quarantined_rows > 0 or not is_refused
