"""From a PRD to a plan: requirements, stories, flags, estimates, schedule, forecast, budget and risks."""
