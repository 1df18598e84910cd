{{ config(materialized='incremental', meta={'time_column': 'event_at'}) }}
-- One row per fact that other facts refuse, of whatever dataset. Judged anew at each build, from what is known then.
select
    'candles' as dataset,
    refused.venue,
    refused.market_type,
    refused.venue_symbol as series,
    refused.price_at as event_at,
    refused.rule,
    refused.reason,
    refused.refuses,
    candles.recorded_at,
    candles.load_id
from {{ ref('int_refused_candles') }} as refused
inner join {{ ref('int_candles_closed') }} as candles
    on candles.venue = refused.venue
    and candles.market_type = refused.market_type
    and candles.venue_symbol = refused.venue_symbol
    and candles.price_at = refused.price_at
where {{ within_reach('candles.price_at') }}
union all
-- Two stamps within one hour are one settlement, and one verdict.
select
    'funding_rates' as dataset,
    refused.venue,
    'perp' as market_type,
    refused.venue_symbol as series,
    date_trunc('hour', refused.settled_at + interval '30 minutes') as event_at,
    max_by(refused.rule, refused.settled_at) as rule,
    max_by(refused.reason, refused.settled_at) as reason,
    'row' as refuses,
    max_by(settled.recorded_at, refused.settled_at) as recorded_at,
    max_by(settled.load_id, refused.settled_at) as load_id
from {{ ref('int_refused_funding') }} as refused
inner join {{ ref('stg_funding_rates') }} as settled
    on settled.venue = refused.venue
    and settled.venue_symbol = refused.venue_symbol
    and settled.settled_at = refused.settled_at
where {{ within_reach('settled.settled_at', days=1) }}
group by refused.venue, refused.venue_symbol, date_trunc('hour', refused.settled_at + interval '30 minutes')
union all
select
    'open_interest' as dataset,
    refused.venue,
    'perp' as market_type,
    refused.venue_symbol as series,
    refused.observed_at as event_at,
    refused.rule,
    refused.reason,
    'row' as refuses,
    observed.recorded_at,
    observed.load_id
from {{ ref('int_refused_open_interest') }} as refused
inner join {{ ref('stg_open_interest') }} as observed
    on observed.venue = refused.venue
    and observed.venue_symbol = refused.venue_symbol
    and observed.observed_at = refused.observed_at
where {{ within_reach('observed.observed_at') }}
union all
select
    'market_caps' as dataset,
    refused.provider as venue,
    null as market_type,
    refused.provider_asset_id as series,
    refused.observed_at as event_at,
    refused.rule,
    refused.reason,
    'row' as refuses,
    provided.recorded_at,
    provided.load_id
from {{ ref('int_refused_provider_rows') }} as refused
inner join {{ ref('stg_market_caps') }} as provided
    on provided.provider = refused.provider
    and provided.provider_asset_id = refused.provider_asset_id
    and provided.observed_at = refused.observed_at
where {{ within_reach('provided.observed_at') }}
