"""Signing in to the dashboard with Slack or Entra: who visits is who the chat platform proves, and no other."""
