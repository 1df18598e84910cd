{# Checks: which facts cannot be true beside others. Every `check_*` model has one row per fact and rule that it breaks, in one
   shape: dataset, venue, market_type, series, event_at, rule, value, bound, reason, refuses. They know nothing of releases:
   `refused` and `failed_checks` do. #}

{# Which checks judge a dataset. #}
{% macro checks_of(dataset) -%}
    {{ return({
        'candles': ['check_duplicate_listings', 'check_prices', 'check_volumes'],
        'funding_rates': ['check_funding_rates', 'check_duplicate_listings'],
        'open_interest': ['check_duplicate_listings', 'check_open_interest_units', 'check_open_interest_levels'],
        'market_caps': ['check_provider_prices']
    }[dataset]) }}
{%- endmacro %}

{% macro all_checks() -%}
    {{ return([
        'check_duplicate_listings', 'check_prices', 'check_volumes', 'check_funding_rates', 'check_open_interest_units',
        'check_open_interest_levels', 'check_provider_prices'
    ]) }}
{%- endmacro %}

{# Rules in the order in which they are named where one fact breaks several. #}
{% macro precedence_of(rule) -%}
    case {{ rule }}
        {%- for name in [
            'open_interest_is_of_an_instrument', 'funding_sign_fits_peers', 'funding_size_fits_peers', 'same_rows_under_two_names',
            'price_fits_peers', 'volume_fits_aggregator', 'open_interest_fits_price', 'open_interest_fits_its_history',
            'open_interest_fits_turnover', 'provider_price_fits_ours'
        ] %}
        when '{{ name }}' then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}

{# How a failed check's event is named to whoever reads of it: two stamps within one hour are one settlement. #}
{% macro named_event(dataset, event_at) -%}
    case when {{ dataset }} = 'funding_rates' then date_trunc('hour', {{ event_at }} + interval '30 minutes') else {{ event_at }} end
{%- endmacro %}

{# The facts of a dataset that its checks refuse (or those of `checks` alone), less what was released: venue, market_type,
   series, event_at, refuses. A union and no table, since it is on the longest way through the models, and its rows are few.
   `refuses` is `row`, or `volume` where the price stands. #}
{% macro refused(dataset, checks=none) -%}
(
    select failed.venue, failed.market_type, failed.series, failed.event_at, min(failed.refuses) as refuses
    from (
        {%- for check in checks or checks_of(dataset) %}
        select dataset, venue, market_type, series, event_at, rule, refuses
        from {{ ref(check) }}
        where dataset = '{{ dataset }}'
        {{- ' union all' if not loop.last }}
        {%- endfor %}
    ) as failed
    left join {{ ref('check_releases') }} as released
        on released.rule = failed.rule
        and released.dataset = failed.dataset
        and released.venue = failed.venue
        and released.series = failed.series
        and released.market_type is not distinct from failed.market_type
        and released.event_at = {{ named_event('failed.dataset', 'failed.event_at') }}
    where released.rule is null
    group by failed.venue, failed.market_type, failed.series, failed.event_at
)
{%- endmacro %}
