"""Agency submissions and officially published indices: from the file that was sent to events in `core`."""
