"""What an operator sees and uses: logs, metrics, the control API."""
