"""Readiness: releases of indices and components, reckoned by the macros in warehouse/schema/readiness.sql."""
