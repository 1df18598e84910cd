{# No weight above the cap: the excess is spread over the rest in proportion, repeated until none exceeds. #}

{# CTEs that turn `source` (partition columns, asset_id, weight adding up to 1) into `result`. Each pass fixes what exceeds
   the cap at the cap and scales the rest; a cap of a quarter is reached by three assets at most, so six passes are enough,
   and a test asserts that none exceeds. #}
{% macro capped_weights(source, result, partition, cap) -%}
{%- set passes = 6 -%}
{%- set keys = partition | join(', ') -%}
{{ result }}_0 as (
    select {{ keys }}, asset_id, weight as free_weight, weight, false as is_capped
    from {{ source }}
),
{% for pass in range(1, passes + 1) %}
{{ result }}_{{ pass }} as (
    select
        {{ keys }},
        asset_id,
        free_weight,
        case
            when is_over then {{ cap }}
            else free_weight * (1e0 - {{ cap }} * n_over) / nullif(sum(case when is_over then 0e0 else free_weight end) over (partition by {{ keys }}), 0)
        end as weight,
        is_over as is_capped
    from (
        select
            *,
            is_capped or weight > {{ cap }} + 1e-15 as is_over,
            sum(case when is_capped or weight > {{ cap }} + 1e-15 then 1 else 0 end) over (partition by {{ keys }}) as n_over
        from {{ result }}_{{ pass - 1 }}
    ) as judged
),
{% endfor %}
{{ result }} as (
    select {{ keys }}, asset_id, weight
    from {{ result }}_{{ passes }}
)
{%- endmacro %}
