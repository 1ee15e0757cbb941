"""Running the fleet: the Procfile's processes, kept alive and stopped in order, and an embedded broker."""
