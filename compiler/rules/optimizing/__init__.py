"""Rules about metrics, rewards and optimizers."""
