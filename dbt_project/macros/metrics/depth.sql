{# Formulas of order-book depth: which bands are told, what a window needs to say something of a side. #}

{# The bands of `depth_weekly`, in percent of the mid price. #}
{% macro depth_bands_pct() %}(0.1e0, 0.5e0, 1e0, 2e0, 5e0){% endmacro %}

{# A side is known of a window if its book reached the band in at least this share of the snapshots: the median of the few in
   which it did would be of another market. #}
{% macro least_share_of_snapshots() %}0.5{% endmacro %}

{# Earlier weeks that depth is held against. #}
{% macro depth_look_back_weeks() %}4{% endmacro %}

{# The median over the snapshots of a window, NULL where too few reach the band. #}
{% macro median_depth(amount) -%}
    case when count({{ amount }}) >= {{ least_share_of_snapshots() }} * count(*) then median({{ amount }}) end
{%- endmacro %}
