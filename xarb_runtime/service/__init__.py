"""The execution service: inbox, dispatcher, timers, supervisor, breakers, KPI windows."""
