-- What was stopped and by which rule: rows that a guard refused when they landed, and facts that other facts refuse.
-- A view: both lie in a table of their own already.
{{ config(schema='marts') }}
with stopped_rows as (
    select
        *,
        case when released_at <= (select as_of from {{ source('raw', 'run_context') }}) then released_at end as released_by_then_at
    from {{ source('raw', 'quarantine') }}
    where {{ known_at_as_of() }}
)

select
    dataset,
    origin as venue,
    coalesce(market_type, case when dataset in ('funding_rates', 'open_interest', 'long_short_ratios', 'liquidations') then 'perp' end) as market_type,
    series,
    case dataset
        when 'candles' then event_at + interval '1 hour'
        else {{ named_event('dataset', 'event_at') }}
    end as event_at,
    rule,
    severity,
    reason,
    false as is_peer_check,
    'row' as refuses,
    landing_file,
    row_number,
    recorded_at,
    released_by_then_at as released_at
from stopped_rows
union all
select
    failed.dataset,
    failed.venue,
    failed.market_type,
    failed.series,
    failed.event_at,
    failed.rule,
    'row' as severity,
    failed.reason,
    true as is_peer_check,
    failed.refuses,
    loads.landing_file,
    null as row_number,
    failed.recorded_at,
    failed.released_at
from {{ ref('failed_checks') }} as failed
left join {{ source('raw', 'loads') }} as loads
    on loads.load_id = failed.load_id
where failed.is_decisive or failed.released_at is not null
