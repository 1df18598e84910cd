{{ config(schema='marts') }}
-- Where a venue and an archive of its files tell the same rows differently. The venue's own word counts (macro latest_version).
with known as (
    select
        *,
        100 * abs(venue_value - archive_value) / greatest(abs(venue_value), abs(archive_value)) as difference_pct
    from {{ source('raw', 'archive_disagreements') }}
    where
        {{ known_at_as_of() }}
        and coalesce(resolved_at > (select as_of from {{ source('raw', 'run_context') }}), true)
)

select
    dataset,
    venue,
    market_type,
    series as venue_symbol,
    cast(event_at as date) as event_date,
    field,
    archive,
    count(*) as n_rows,
    max(difference_pct) as largest_difference_pct,
    max_by(event_at, difference_pct) as largest_at,
    max_by(venue_value, difference_pct) as largest_venue_value,
    max_by(archive_value, difference_pct) as largest_archive_value,
    min(recorded_at) as first_recorded_at
from known
group by dataset, venue, market_type, series, cast(event_at as date), field, archive
