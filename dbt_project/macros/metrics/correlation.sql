{# Formulas of correlation. #}

{# Pearson's ρ from sums over n pairs; NULL where one side never moves. #}
{% macro pearson(n, sum_a, sum_b, squares_a, squares_b, products) -%}
    ({{ products }} - {{ sum_a }} * {{ sum_b }} / {{ n }})
        / nullif(sqrt(
            greatest({{ squares_a }} - {{ sum_a }} * {{ sum_a }} / {{ n }}, 0e0)
            * greatest({{ squares_b }} - {{ sum_b }} * {{ sum_b }} / {{ n }}, 0e0)
        ), 0e0)
{%- endmacro %}

{# Fisher's mean: tanh of the mean of atanh, |ρ| kept below 1 by 1e-12. #}
{% macro fisher_mean(rho) -%}
    tanh(avg(atanh(greatest(least({{ rho }}, 1e0 - 1e-12), -1e0 + 1e-12))))
{%- endmacro %}

{# Forbes and Rigobon (2002): ρ as it would be had the variance not risen by δ. #}
{% macro forbes_rigobon(rho, delta) -%}
    {{ rho }} / sqrt(1e0 + {{ delta }} * (1e0 - {{ rho }} * {{ rho }}))
{%- endmacro %}

{# Half-width of the 95 % interval of a jackknife over `n_blocks` blocks, one left out at a time: t·√((D−1)/D·Σ(θ_d − θ̄)²). #}
{% macro jackknife_half_width(estimate, n_blocks) -%}
    {{ student_t_975(n_blocks ~ ' - 1') }} * sqrt(({{ n_blocks }} - 1) * var_pop({{ estimate }}))
{%- endmacro %}

{# The 97.5 % point of Student's t: with 1.96, 8–9 % of weeks with equal true correlation would be called different. #}
{% macro student_t_975(degrees_of_freedom) -%}
    case {{ degrees_of_freedom }}
        when 3 then 3.182446e0
        when 4 then 2.776445e0
        when 5 then 2.570582e0
        when 6 then 2.446912e0
        when 7 then 2.364624e0
        when 8 then 2.306004e0
        when 9 then 2.262157e0
        when 29 then 2.045230e0
    end
{%- endmacro %}
