"""Reading documents: what stands where, what each passage is, and what of it is asked for."""
