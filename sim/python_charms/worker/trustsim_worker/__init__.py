"""What plays the hooks of one charm: its own Python under ops[testing], a process for each hook."""
