"""The same service under a virtual clock: scenarios, evidence, the explorer."""
