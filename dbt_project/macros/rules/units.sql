{# When a coin becomes another unit of the same value (redenominated, swapped, split): what is a change of unit is decided in
   core_unit_changes, and here is how its limits are called and how others go by it. #}

{# Within this share of a power of ten, or of what the supply repeats inversely, a price's jump may be a change of unit. #}
{% macro unit_change_tolerance() %}0.2{% endmacro %}

{# The least factor by which a coin is split; a jump may be smaller by the tolerance. #}
{% macro least_split_factor() %}1.8{% endmacro %}
{% macro least_unit_jump_factor() %}{{ (least_split_factor() | float) * (1 - (unit_change_tolerance() | float)) }}{% endmacro %}

{# Open interest in dollars, and price times supply, stay within this share of what they were. #}
{% macro unit_change_evidence_tolerance() %}0.5{% endmacro %}

{# Days after a jump within which a supply can tell what it was, and hours without a candle are taken for a halt. #}
{% macro unit_change_evidence_days() %}7{% endmacro %}

{# Whether a ratio is 1 within a share; NULL where it is unknown. #}
{% macro is_near(ratio, share) -%}(abs({{ ratio }} - 1) <= {{ share }}){%- endmacro %}

{# Whether two prices of one coin lie on both sides of a change of unit: they are nearer each other by the factor than without.
   So the prices say it themselves, whatever the minute of the change or of an observation. #}
{% macro is_across_unit_change(before, after, units_per_old_unit) -%}
    (abs(ln({{ after }} * {{ units_per_old_unit }} / {{ before }})) < abs(ln({{ after }} / {{ before }})))
{%- endmacro %}
