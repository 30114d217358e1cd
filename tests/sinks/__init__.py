"""The trace sink: from recorded journals and short stories to spans, receivers and files."""
