{# Checks: which facts cannot be true beside others. Every `check_*` model has one row per fact and rule that it breaks, in one
   shape: dataset, venue, market_type, series, event_at, rule, value, bound, reason, refuses, released_at. #}

{# Which checks judge a dataset. #}
{% macro checks_of(dataset) -%}
    {{ return({
        'candles': ['check_duplicate_listings', 'check_prices', 'check_volumes'],
        'funding_rates': ['check_funding_rates', 'check_duplicate_listings'],
        'open_interest': ['check_duplicate_listings', 'check_open_interest_units', 'check_open_interest_levels'],
        'order_book_depth': ['check_order_books'],
        'market_caps': ['check_provider_prices']
    }[dataset]) }}
{%- endmacro %}

{% macro all_checks() -%}
    {{ return([
        'check_duplicate_listings', 'check_prices', 'check_volumes', 'check_funding_rates', 'check_open_interest_units',
        'check_open_interest_levels', 'check_order_books', 'check_provider_prices'
    ]) }}
{%- endmacro %}

{# Rules in the order in which they are named where one fact breaks several. #}
{% macro precedence_of(rule) -%}
    case {{ rule }}
        {%- for name in [
            'open_interest_is_of_an_instrument', 'funding_sign_fits_peers', 'funding_size_fits_peers', 'same_rows_under_two_names',
            'price_fits_peers', 'volume_fits_aggregator', 'open_interest_fits_price', 'open_interest_fits_its_history',
            'open_interest_fits_turnover', 'order_book_fits_price', 'provider_price_fits_ours'
        ] %}
        when '{{ name }}' then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}

{# How a failed check's event is named to whoever reads of it: two stamps within one hour are one settlement. #}
{% macro named_event(dataset, event_at) -%}
    case when {{ dataset }} = 'funding_rates' then date_trunc('hour', {{ event_at }} + interval '30 minutes') else {{ event_at }} end
{%- endmacro %}

{# What every check ends with: its failures, and since when those that somebody released refuse nothing. #}
{% macro beside_releases(failures) -%}
    select {{ failures }}.*, releases.recorded_at as released_at
    from {{ failures }}
    left join {{ ref('stg_check_releases') }} as releases
        on releases.rule = {{ failures }}.rule
        and releases.dataset = {{ failures }}.dataset
        and releases.venue = {{ failures }}.venue
        and releases.series = {{ failures }}.series
        and releases.market_type is not distinct from {{ failures }}.market_type
        and releases.event_at = {{ named_event(failures ~ '.dataset', failures ~ '.event_at') }}
{%- endmacro %}

{# The facts of a dataset that its checks refuse (or those of `checks` alone): venue, market_type, series, event_at, refuses. A
   union and no table, since it is on the longest way through the models, and its rows are few. `refuses` is `row`, or `volume`
   where the price stands. #}
{% macro refused(dataset, checks=none) -%}
(
    select venue, market_type, series, event_at, min(refuses) as refuses
    from (
        {%- for check in checks or checks_of(dataset) %}
        select venue, market_type, series, event_at, refuses
        from {{ ref(check) }}
        where dataset = '{{ dataset }}' and released_at is null
        {{- ' union all' if not loop.last }}
        {%- endfor %}
    ) as failures
    group by venue, market_type, series, event_at
)
{%- endmacro %}

{# The candles that no check refuses; where one refuses the volume alone, the price stands. A query and no table: what reads it
   lies on the longest way through the models. #}
{% macro unrefused_candles(candles) -%}
    select
        candles.venue,
        candles.market_type,
        candles.venue_symbol,
        candles.price_at,
        candles.high,
        candles.low,
        candles.close,
        case when refused.refuses is null then candles.quote_volume end as quote_volume,
        candles.recorded_at
    from {{ candles }} as candles
    left join {{ refused('candles') | indent(4) }} as refused
        on refused.venue = candles.venue
        and refused.market_type = candles.market_type
        and refused.series = candles.venue_symbol
        and refused.event_at = candles.price_at
    where coalesce(refused.refuses, '') <> 'row'
{%- endmacro %}
