"""Service uptime: from checks to the probe lake, service-days, incidents and service-quarters."""
