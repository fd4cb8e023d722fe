"""`python -m bot …`: the command line, as `countersign …`."""

from bot.command_line import main

main()
