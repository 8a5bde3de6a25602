"""The commands that need no window: each adds its options to the command line, and runs."""
