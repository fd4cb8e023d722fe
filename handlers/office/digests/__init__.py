"""Digests: who gets which summary, where and when; and what each of them says."""
