-- What was stopped and by which rule: rows that a guard refused when they landed, and facts that other facts refuse.
select
    dataset,
    origin as venue,
    coalesce(market_type, case when dataset in ('funding_rates', 'open_interest', 'long_short_ratios', 'liquidations') then 'perp' end) as market_type,
    series,
    case dataset
        when 'candles' then event_at + interval '1 hour'
        when 'funding_rates' then date_trunc('hour', event_at + interval '30 minutes')
        else event_at
    end as event_at,
    rule,
    severity,
    reason,
    false as is_peer_check,
    'row' as refuses,
    landing_file,
    row_number,
    recorded_at,
    released_at
from {{ ref('stg_quarantine') }}
union all
select
    verdicts.dataset,
    verdicts.venue,
    verdicts.market_type,
    verdicts.series,
    verdicts.event_at,
    verdicts.rule,
    'row' as severity,
    verdicts.reason,
    true as is_peer_check,
    verdicts.refuses,
    loads.landing_file,
    null as row_number,
    verdicts.recorded_at,
    null as released_at
from {{ ref('int_peer_verdicts') }} as verdicts
left join {{ ref('stg_loads') }} as loads on loads.load_id = verdicts.load_id
