"""When and with what: settings, resources, partitions, jobs, schedules, sensors and the `kesiapan` command. What is made stands in `assets/`."""
