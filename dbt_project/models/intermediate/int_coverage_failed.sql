-- Where asking failed and no later complete request made it good: per dataset, venue (or provider) and series.
with complete as (
    select dataset, origin, market_type, series, max(window_end) as complete_until_at
    from {{ ref('stg_requests') }}
    where status = 'complete'
    group by dataset, origin, market_type, series
    union all
    -- A venue that answered for any series has answered for its whole list, `*`.
    select dataset, origin, market_type, '*' as series, max(window_end) as complete_until_at
    from {{ ref('stg_requests') }}
    where status = 'complete' and series <> '*'
    group by dataset, origin, market_type
)

select
    f.dataset,
    f.origin as venue,
    f.market_type,
    f.series,
    greatest(min(f.window_start), max(c.complete_until_at)) as failed_from_at,
    max(f.window_end) as failed_until_at,
    max_by(f.reason, f.recorded_at) as reason
from {{ ref('stg_requests') }} f
left join complete c
    on f.dataset = c.dataset
    and f.origin = c.origin
    and f.series = c.series
    and coalesce(f.market_type, '') = coalesce(c.market_type, '')
where f.status = 'failed' and (c.complete_until_at is null or f.window_end > c.complete_until_at)
group by f.dataset, f.origin, f.market_type, f.series
