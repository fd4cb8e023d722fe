"""What a person should settle: vague, untestable, contradictory or missing, or meant for the bot."""
