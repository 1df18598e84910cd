{# Fails with every row for which an accounting identity, written as a condition on one row, is false. #}
{% test identity_holds(model, identity) %}
select *
from {{ model }}
where not ({{ identity }})
{% endtest %}
