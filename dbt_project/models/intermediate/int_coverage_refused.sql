-- Rows that came and do not count: refused by a guard, with no accepted row of the same key. Once each, whatever the rules.
with refused as (
    select distinct
        dataset,
        origin as venue,
        coalesce(market_type, case when dataset in ('funding_rates', 'open_interest') then 'perp' end) as market_type,
        series,
        event_at as event_key,
        case dataset
            when 'candles' then event_at + interval '1 hour'
            when 'funding_rates' then date_trunc('hour', event_at + interval '30 minutes')
            else event_at
        end as event_at
    from {{ ref('stg_quarantine') }}
    where event_at is not null
),

accepted as (
    select 'candles' as dataset, c.venue, c.market_type, c.venue_symbol as series, r.event_key
    from {{ ref('int_candles_hourly') }} c
    inner join refused r
        on r.dataset = 'candles' and c.venue = r.venue and c.market_type = r.market_type
        and c.venue_symbol = r.series and c.price_at = r.event_at
    union all
    select 'funding_rates' as dataset, f.venue, 'perp' as market_type, f.venue_symbol as series, f.settled_at as event_key
    from {{ ref('stg_funding_rates') }} f
    inner join refused r
        on r.dataset = 'funding_rates' and f.venue = r.venue and f.venue_symbol = r.series and f.settled_at = r.event_key
    union all
    select 'open_interest' as dataset, o.venue, 'perp' as market_type, o.venue_symbol as series, o.observed_at as event_key
    from {{ ref('stg_open_interest') }} o
    inner join refused r
        on r.dataset = 'open_interest' and o.venue = r.venue and o.venue_symbol = r.series and o.observed_at = r.event_key
    union all
    select 'market_caps' as dataset, m.provider as venue, null as market_type, m.provider_asset_id as series, m.observed_at as event_key
    from {{ ref('stg_market_caps') }} m
    inner join refused r
        on r.dataset = 'market_caps' and m.provider = r.venue and m.provider_asset_id = r.series
        and m.observed_at = r.event_key
)

select
    r.dataset,
    r.venue,
    r.market_type,
    r.series,
    r.event_at,
    r.event_key,
    -- Between or after accepted rows of its series, where its absence is a hole already.
    r.dataset = 'market_caps' or s.venue_symbol is not null as is_in_series
from refused r
left join accepted a
    on r.dataset = a.dataset
    and r.venue = a.venue
    and r.series = a.series
    and r.event_key = a.event_key
    and coalesce(r.market_type, '') = coalesce(a.market_type, '')
left join {{ ref('int_symbols_seen') }} s
    on r.dataset = s.dataset and r.venue = s.venue and r.market_type = s.market_type and r.series = s.venue_symbol
where a.venue is null
union all
-- What int_open_interest_symbols refuses is refused here too.
select
    'open_interest' as dataset,
    o.venue,
    'perp' as market_type,
    o.venue_symbol as series,
    o.observed_at as event_at,
    o.observed_at as event_key,
    false as is_in_series
from {{ ref('stg_open_interest') }} o
inner join {{ ref('int_open_interest_symbols') }} s
    on o.venue = s.venue and o.venue_symbol = s.venue_symbol and s.is_quarantined
