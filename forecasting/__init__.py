"""What will be used: issues of forecasts, their scores, retraining. The mathematics is in `engines`."""
