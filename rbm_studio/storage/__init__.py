"""Files in and out: atomic writes, and no file is ever run as code."""
