"""Build the processed store; read the slice that is asked for."""
