-- One row per failed check that was released: from then on the fact counts. Released twice, the first time counts.
select
    dataset,
    venue,
    market_type,
    series,
    event_at,
    rule,
    released_by,
    reason,
    recorded_at,
    load_id
from {{ source('raw', 'check_releases') }}
where {{ known_at_as_of() }}
qualify row_number() over (
    partition by dataset, venue, market_type, series, event_at, rule
    order by recorded_at, load_id
) = 1
