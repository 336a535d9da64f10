"""Programs and their frozen versions, enrollment, nominations, events, participation."""
