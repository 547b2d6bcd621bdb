"""The seam for size: executors, memory budgets, and the store of finished results."""
