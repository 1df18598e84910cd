{{ config(pre_hook="{{ keep_previous_state() }}") }}
-- Every instrument known, whatever it is on: one row per instrument and stretch of time in which it stands for one asset (symbols
-- are renamed and reused). A share, a metal or an index is never taken for a coin of that name.
-- What a venue lists and what was only ever seen in facts are one list. Identity comes from the seed `venue_symbols`: the
-- base as the venue writes it before the base without its multiplier, the venue's own row before one for every venue.
with provider_rows as (
    select assets.asset_id, listings.symbol, listings.observed_at, listings.price_usd
    from {{ ref('core_provider_listings') }} as listings
    inner join {{ ref('core_provider_assets') }} as assets
        on assets.provider = listings.provider
        and assets.provider_asset_id = listings.provider_asset_id
),

seen as (
    select distinct venue, market_type, venue_symbol
    from {{ ref('core_symbol_days') }}
),

inverse as (
    select distinct seen.venue, seen.venue_symbol
    from seen
    inner join {{ ref('inverse_contracts') }} as written
        on written.venue = seen.venue
        and seen.venue_symbol like written.symbol_like
    where seen.market_type = 'perp'
),

listed_or_seen as (
    select
        coalesce(listed.venue, seen.venue) as venue,
        coalesce(listed.market_type, seen.market_type) as market_type,
        coalesce(listed.venue_symbol, seen.venue_symbol) as venue_symbol,
        coalesce(listed.base, {{ base_of_symbol('seen.venue_symbol') }}) as base,
        coalesce(listed.quote, {{ quote_of_symbol('seen.venue_symbol') }}) as quote,
        coalesce(listed.contract_size, 1) as contract_size,
        coalesce(listed.is_inverse, inverse.venue is not null) as is_inverse,
        listed.venue is not null as is_listed,
        coalesce(listed.is_active, false) as is_active,
        listed.listed_at,
        listed.asset_class,
        coalesce(listed.is_premarket, false) as is_premarket,
        listed.premarket_until
    from {{ ref('stg_instruments') }} as listed
    full outer join seen
        on seen.venue = listed.venue
        and seen.market_type = listed.market_type
        and seen.venue_symbol = listed.venue_symbol
    left join inverse
        on inverse.venue = seen.venue
        and inverse.venue_symbol = seen.venue_symbol
        and seen.market_type = 'perp'
),

-- The desk's word before the venue's: a venue may say no more than that it is no coin.
known as (
    select
        listed_or_seen.venue,
        listed_or_seen.market_type,
        listed_or_seen.venue_symbol,
        listed_or_seen.base,
        listed_or_seen.quote,
        listed_or_seen.contract_size,
        listed_or_seen.is_inverse,
        listed_or_seen.is_listed,
        listed_or_seen.is_active,
        listed_or_seen.listed_at,
        listed_or_seen.is_premarket,
        listed_or_seen.premarket_until,
        coalesce(classes.asset_class, listed_or_seen.asset_class, 'crypto') as asset_class,
        classes.asset_class is not null as is_classed_by_desk
    from listed_or_seen
    left join {{ ref('base_classes') }} as classes
        on classes.base = listed_or_seen.base
        and classes.venue in (listed_or_seen.venue, '*')
    qualify row_number() over (
        partition by listed_or_seen.venue, listed_or_seen.market_type, listed_or_seen.venue_symbol
        order by case when classes.venue = '*' then 1 else 0 end
    ) = 1
),

bases as (
    select distinct
        venue,
        base,
        {{ base_without_multiplier('base') }} as bare_base,
        {{ multiplier_of_base('base') }} as prefix_multiplier
    from known
),

-- Every row of the seed that could name a base, the most specific first.
candidates as (
    select
        bases.venue,
        bases.base,
        named.asset_id,
        case when named.base = bases.base then 1e0 else bases.prefix_multiplier end * coalesce(named.multiplier, 1) as multiplier,
        case when named.base = bases.base then 0 else 2 end + case when named.venue = '*' then 1 else 0 end as precedence,
        coalesce(cast(named.valid_from as timestamp), {{ beginning_of_time() }}) as valid_from,
        coalesce(cast(named.valid_to as timestamp), {{ end_of_time() }}) as valid_to
    from bases
    inner join {{ ref('venue_symbols') }} as named
        on named.base in (bases.base, bases.bare_base)
        and named.venue in (bases.venue, '*')
),

edges as (
    select venue, base, {{ beginning_of_time() }} as valid_from from bases
    union
    select venue, base, valid_from from candidates
    union
    select venue, base, valid_to as valid_from from candidates where valid_to < {{ end_of_time() }}
),

stretches as (
    select
        venue,
        base,
        valid_from,
        coalesce(lead(valid_from) over (partition by venue, base order by valid_from), {{ end_of_time() }}) as valid_to
    from edges
),

decided as (
    select
        stretches.venue,
        stretches.base,
        stretches.valid_from,
        candidates.asset_id,
        candidates.multiplier
    from stretches
    left join candidates
        on candidates.venue = stretches.venue
        and candidates.base = stretches.base
        and candidates.valid_from <= stretches.valid_from
        and candidates.valid_to >= stretches.valid_to
    qualify row_number() over (
        partition by stretches.venue, stretches.base, stretches.valid_from
        order by candidates.precedence nulls last, candidates.asset_id
    ) = 1
),

-- A stretch ends where the answer changes, not wherever some row of the seed does.
changes as (
    select *
    from decided
    qualify row_number() over (partition by venue, base order by valid_from) = 1
        or asset_id is distinct from lag(asset_id) over (partition by venue, base order by valid_from)
        or multiplier is distinct from lag(multiplier) over (partition by venue, base order by valid_from)
),

named as (
    select
        venue,
        base,
        valid_from,
        coalesce(lead(valid_from) over (partition by venue, base order by valid_from), {{ end_of_time() }}) as valid_to,
        asset_id,
        multiplier
    from changes
),

-- Of the rest, a base is an asset's if only one asset of all providers has that symbol and the prices agree, day by day.
unique_symbols as (
    select upper(symbol) as symbol, max(asset_id) as asset_id
    from provider_rows
    group by upper(symbol)
    having count(distinct asset_id) = 1
),

unnamed as (
    select
        known.venue,
        known.market_type,
        known.venue_symbol,
        known.base,
        unique_symbols.asset_id,
        case when unique_symbols.symbol = upper(bases.base) then 1e0 else bases.prefix_multiplier end as multiplier
    from known
    inner join bases on bases.venue = known.venue and bases.base = known.base
    inner join named on named.venue = known.venue and named.base = known.base and named.asset_id is null
    inner join unique_symbols on unique_symbols.symbol in (upper(bases.base), upper(bases.bare_base))
    where known.quote in {{ dollar_quotes() }}
        and known.asset_class = 'crypto'
    qualify row_number() over (
        partition by known.venue, known.market_type, known.venue_symbol
        order by case when unique_symbols.symbol = upper(bases.base) then 0 else 1 end
    ) = 1
),

day_closes as (
    select
        unnamed.venue,
        unnamed.base,
        unnamed.asset_id,
        unnamed.multiplier,
        days.day,
        min(days.lowest_close / unnamed.multiplier) as low,
        max(days.highest_close / unnamed.multiplier) as high
    from unnamed
    inner join {{ ref('core_symbol_days') }} as days
        on days.dataset = 'candles'
        and days.venue = unnamed.venue
        and days.market_type = unnamed.market_type
        and days.venue_symbol = unnamed.venue_symbol
    group by all
),

recognised as (
    select day_closes.venue, day_closes.base, day_closes.asset_id, day_closes.multiplier
    from day_closes
    inner join provider_rows as provided
        on provided.asset_id = day_closes.asset_id
        and date_trunc('day', provided.observed_at) = day_closes.day
        and provided.price_usd > 0
    group by day_closes.venue, day_closes.base, day_closes.asset_id, day_closes.multiplier
    having avg(case when {{ is_price_within('provided.price_usd', 'day_closes.low', 'day_closes.high') }} then 1 else 0 end) > 0.5
)

select
    known.venue,
    known.market_type,
    known.venue_symbol,
    case
        when known.asset_class = 'crypto'
            then coalesce(named.asset_id, recognised.asset_id, 'unmapped:' || known.venue || ':' || known.base)
        when known.is_classed_by_desk and named.asset_id is not null then named.asset_id
        else known.asset_class || ':' || known.venue || ':' || known.base
    end as asset_id,
    known.base,
    known.quote,
    cast(coalesce(named.multiplier, recognised.multiplier, bases.prefix_multiplier) as double) as multiplier,
    cast(known.contract_size as double) as contract_size,
    known.is_inverse,
    known.is_listed,
    known.is_active,
    known.listed_at,
    known.asset_class,
    known.is_premarket,
    known.premarket_until,
    named.valid_from,
    named.valid_to
from known
inner join bases on bases.venue = known.venue and bases.base = known.base
inner join named on named.venue = known.venue and named.base = known.base
left join recognised
    on recognised.venue = known.venue
    and recognised.base = known.base
    and named.asset_id is null
