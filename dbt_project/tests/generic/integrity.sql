{# What every row of a model keeps: one row per grain, no NULL where the .yml says not_null, and conditions on single rows (NULL
   passes, as in a check constraint). One query and one node a model, and a row for each promise that is broken. NULLs that a
   table's own constraint refuses are not looked for again. #}
{% test integrity(model, grain, conditions=[]) %}
{%- set not_null = columns_never_null() %}
with checked as (
    select
        {%- for column in not_null %}
        count(*) filter (where {{ column }} is null) as n_null_{{ loop.index }},
        {%- endfor %}
        {%- for condition in conditions %}
        count(*) filter (where not ({{ condition }})) as n_breaking_{{ loop.index }},
        {%- endfor %}
        count(*) as n_rows
    from {{ model }}
),

repeated as (
    select count(*) as n_repeated
    from (
        select {{ grain | join(', ') }}
        from {{ model }}
        group by {{ grain | join(', ') }}
        having count(*) > 1
    ) as keys
)

select 'one row per {{ grain | join(", ") }}' as promise, n_repeated as n_broken
from repeated
where n_repeated > 0
{%- for column in not_null %}
union all
select '{{ column }} is never NULL' as promise, n_null_{{ loop.index }} as n_broken
from checked
where n_null_{{ loop.index }} > 0
{%- endfor %}
{%- for condition in conditions %}
union all
select '{{ condition | replace("'", "''") }}' as promise, n_breaking_{{ loop.index }} as n_broken
from checked
where n_breaking_{{ loop.index }} > 0
{%- endfor %}
{% endtest %}
