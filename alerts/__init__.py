"""Alerts of what is published: the rules that raise them, an outbox that delivers each once, the webhook.

Not here: when it is looked for (orchestration.sensors), the thresholds (the seed `alert_rules`).
"""
