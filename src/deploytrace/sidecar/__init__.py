"""THE SECOND PROCESS: follow the journal, fan out to the sinks, outlive Ansible."""
