"""What `make demo` shows: people, businesses, sixty simulated days, twelve proposals."""
