"""Buses: the embedded one and RabbitMQ, behind one contract."""
