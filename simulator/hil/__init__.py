"""Hardware in the loop: a feeder over Modbus TCP, and the bridge that makes it a VEN."""
