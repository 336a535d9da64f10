"""What `manage.py check` asks of the installation."""
