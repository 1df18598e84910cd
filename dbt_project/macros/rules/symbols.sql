{# How a venue's own symbol is read where no listing says what it is. The seed `venue_symbols` has the last word. #}

{# One row per dataset and instrument that has facts of it: when it was first and last seen there, and in how many rows. A
   subquery and no table: what is seen is on the longest way through the models. #}
{% macro symbols_seen() -%}
(
    select
        dataset,
        venue,
        market_type,
        venue_symbol,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        cast(sum(n_rows) as bigint) as n_rows
    from {{ ref('core_symbol_days') }}
    group by dataset, venue, market_type, venue_symbol
)
{%- endmacro %}

{# Base and quote of BTCUSDT, BTC-USDT-SWAP, BTC_USDT, PF_XBTUSD, BTCUSDT_PERP.A, BTCPERP, BTC-PERPETUAL, kPEPE. #}
{% macro symbol_pattern() -%}
'^(?:[PF][FI]_)?(.+?)(?:[-_/](USDT|USDC|FDUSD|BUSD|USD|EUR|GBP|JPY|KRW|TRY|BRL|BTC|ETH|BNB)|(USDT|USDC|FDUSD|BUSD|USD))?(?::[A-Z]+)?(?:[-_]SWAP|[-_]?PERP(?:ETUAL)?(?:[.][A-Z])?)?$'
{%- endmacro %}

{% macro base_of_symbol(symbol) -%}
    regexp_extract({{ symbol }}, {{ symbol_pattern() }}, 1)
{%- endmacro %}

{# Venues that write no quote (Hyperliquid, Lighter) quote in dollars. #}
{% macro quote_of_symbol(symbol) -%}
    coalesce(
        nullif(regexp_extract({{ symbol }}, {{ symbol_pattern() }}, 2), ''),
        nullif(regexp_extract({{ symbol }}, {{ symbol_pattern() }}, 3), ''),
        'USD'
    )
{%- endmacro %}

{# The prefix that says how many coins one unit is: 1000PEPE, 1000000MOG, 1MBABYDOGE, kPEPE. Empty where there is none. #}
{% macro multiplier_prefix(base) -%}
    regexp_extract({{ base }}, '^(1000000|1000|1M|k)[A-Z]', 1)
{%- endmacro %}

{% macro base_without_multiplier(base) -%}
    substring({{ base }}, length({{ multiplier_prefix(base) }}) + 1)
{%- endmacro %}

{% macro multiplier_of_base(base) -%}
    case {{ multiplier_prefix(base) }}
        when '1000000' then 1e6
        when '1M' then 1e6
        when '1000' then 1e3
        when 'k' then 1e3
        else 1e0
    end
{%- endmacro %}
