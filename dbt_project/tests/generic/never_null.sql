{# Fails with every row in which one of the columns is NULL: one test for a whole seed instead of one per column. #}
{% test never_null(model, columns) %}
select *
from {{ model }}
where {% for column in columns %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
