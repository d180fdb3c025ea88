//! Scenarios of agents.
