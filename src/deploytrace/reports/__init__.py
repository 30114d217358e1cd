"""RUN IN, TEXT OUT."""
