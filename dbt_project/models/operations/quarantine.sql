{{ config(schema='marts') }}
-- What was stopped and by which rule: rows that a guard refused when they landed, and facts that a check refuses. A view, since
-- both lie in a table already; over raw, since a view of schema staging cannot be named in a file that is called so.
with guards_rows as (
    select *
    from {{ source('raw', 'quarantine') }}
    where {{ known_at_as_of() }}
),

failed_checks as (
    select *
    from {{ ref('failed_checks') }}
    where is_decisive or released_at is not null
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
    case when released_at <= (select as_of from {{ source('raw', 'run_context') }}) then released_at end as released_at
from guards_rows
union all
select
    failed_checks.dataset,
    failed_checks.venue,
    failed_checks.market_type,
    failed_checks.series,
    failed_checks.event_at,
    failed_checks.rule,
    'row' as severity,
    failed_checks.reason,
    true as is_peer_check,
    failed_checks.refuses,
    loads.landing_file,
    null as row_number,
    failed_checks.recorded_at,
    failed_checks.released_at
from failed_checks
left join {{ source('raw', 'loads') }} as loads on loads.load_id = failed_checks.load_id
