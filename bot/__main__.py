"""`python -m bot …`: the command line."""

from bot.command_line import main

main()
