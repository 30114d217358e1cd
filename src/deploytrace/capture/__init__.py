"""IN ANSIBLE'S PROCESS: which event is this, redact it, append it; nothing here blocks, raises or keeps."""
