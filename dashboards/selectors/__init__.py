"""What the pages show, gathered from the rooms below: always cut to what the reader may see."""
