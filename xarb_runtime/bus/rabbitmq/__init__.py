"""RabbitMQ: a bus that other processes share, for opportunities in and transitions out."""
