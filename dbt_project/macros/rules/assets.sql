{# Assets that a definition names. #}

{% macro bitcoin() %}'bitcoin'{% endmacro %}
