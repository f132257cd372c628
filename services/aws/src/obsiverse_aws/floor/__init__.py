"""The floor: moto answers whatever operation of a service nobody here owns."""
