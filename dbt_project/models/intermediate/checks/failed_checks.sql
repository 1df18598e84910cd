{{ config(materialized='incremental', meta={'time_column': 'event_at', 'look_back_days': 1}) }}
-- One row per fact and rule that it breaks, of whatever dataset, with the version that was judged and what became of it. Judged
-- anew at each build, from what is known then. The look-back: a stamp before midnight may be the settlement of 00:00.
with failures as (
    {% for check in all_checks() %}
    select dataset, venue, market_type, series, event_at as fact_at, rule, value, bound, reason, refuses, released_at
    from {{ recent(ref(check)) }} as {{ check }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

named as (
    select
        *,
        {{ named_event('dataset', 'fact_at') }} as event_at,
        {{ precedence_of('rule') }} as precedence
    from failures
),

distinct_failures as (
    select *
    from named
    qualify row_number() over (
        partition by dataset, venue, market_type, series, event_at, rule
        order by fact_at desc
    ) = 1
),

facts as (
    select 'candles' as dataset, venue, market_type, venue_symbol as series, price_at as fact_at, recorded_at, load_id
    from {{ recent(ref('core_candles_closed')) }} as candles
    union all
    select 'funding_rates' as dataset, venue, 'perp' as market_type, venue_symbol as series, settled_at as fact_at, recorded_at, load_id
    from {{ recent(ref('stg_funding_rates')) }} as settlements
    union all
    select 'open_interest' as dataset, venue, 'perp' as market_type, venue_symbol as series, observed_at as fact_at, recorded_at, load_id
    from {{ recent(ref('stg_open_interest')) }} as observations
    union all
    select
        'order_book_depth' as dataset, venue, market_type, venue_symbol as series, snapshot_at as fact_at, max(recorded_at) as recorded_at,
        max(load_id) as load_id
    from {{ recent(ref('stg_order_book_depth')) }} as books
    group by venue, market_type, venue_symbol, snapshot_at
    union all
    select
        'market_caps' as dataset, provider as venue, null as market_type, provider_asset_id as series, observed_at as fact_at, recorded_at,
        load_id
    from {{ recent(ref('stg_market_caps')) }} as listings
)

select
    failures.dataset,
    failures.venue,
    failures.market_type,
    failures.series,
    failures.event_at,
    failures.rule,
    failures.value,
    failures.bound,
    failures.reason,
    failures.refuses,
    failures.released_at is null and row_number() over (
        partition by
            failures.dataset, failures.venue, failures.market_type, failures.series, failures.event_at, failures.released_at is null
        order by failures.fact_at desc, failures.precedence
    ) = 1 as is_decisive,
    facts.recorded_at,
    facts.load_id,
    failures.released_at
from distinct_failures as failures
inner join facts
    on facts.dataset = failures.dataset
    and facts.venue = failures.venue
    and facts.series = failures.series
    and facts.fact_at = failures.fact_at
    and facts.market_type is not distinct from failures.market_type
