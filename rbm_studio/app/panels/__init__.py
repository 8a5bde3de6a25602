"""The panels of the main window, one a file; they know the session and not each other."""
