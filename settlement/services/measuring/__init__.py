"""From an event and its readings to what each participant saved and is due, before anything is stored."""
