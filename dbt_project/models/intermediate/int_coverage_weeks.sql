-- The ledger with what its peers refuse of a series counted as quarantined. A series of which all is refused is none of
-- its venue's: nothing of it is missing.
with refused as (
    select
        dataset,
        venue,
        market_type,
        series,
        date_trunc('week', event_at - interval '1 microsecond')::date as week_start,
        count(*) as refused_rows
    from {{ ref('int_peer_verdicts') }}
    where refuses = 'row'
    group by 1, 2, 3, 4, 5
),

counted as (
    select
        l.*,
        least(coalesce(r.refused_rows, 0), l.received_rows) as refused_rows
    from {{ ref('stg_coverage') }} l
    left join refused r
        on l.dataset = r.dataset
        and l.origin = r.venue
        and coalesce(l.market_type, '') = coalesce(r.market_type, '')
        and l.series = r.series
        and l.week_start = r.week_start
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
    (received_rows - refused_rows)::bigint as received_rows,
    (quarantined_rows + refused_rows)::bigint as quarantined_rows,
    case when is_refused then 0 else missing_rows end::bigint as missing_rows,
    due_rows is null and not is_refused as is_cadence_unknown,
    -- The ledger asks again for what a guard holds, too; here it is not missing.
    case when not is_refused and missing_rows is distinct from 0 then first_missing_at end as first_missing_at,
    case when not is_refused and missing_rows is distinct from 0 then last_missing_at end as last_missing_at,
    case when received_rows > refused_rows then last_recorded_at end as last_recorded_at
from judged
where received_rows + quarantined_rows > 0 or not is_refused
