"""The mathematics of restricted Boltzmann machines: arrays in, arrays out."""
