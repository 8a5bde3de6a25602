"""The desktop program: everything Qt."""
