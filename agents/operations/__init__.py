"""The thinking of operations: judging, finding causes, detecting, forecasting."""
